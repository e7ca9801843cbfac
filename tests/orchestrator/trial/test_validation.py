from math import inf, nan
from typing import Any

import pytest

from orchestrator.records import Action, FaultKind
from orchestrator.trial.spec import Activity, alive, failed, started
from orchestrator.trial.validation import MessageError, check_message
from tests.orchestrator.scripted import completed_message, evaluation_message


def with_row(**columns: Any) -> dict[str, Any]:
    message = evaluation_message("ash", 3, 9.0)
    return message | {"evaluation": message["evaluation"] | columns}


@pytest.mark.parametrize(
    "message",
    [
        started(node="a", host="10.0.0.5", pid=7),
        {"kind": "started"},
        alive(Activity.EVALUATING),
        evaluation_message("ash", 0, 9.0),
        evaluation_message("ash", 0, -0.001),  # of two equal samples, by rounding
        with_row(fid=9, coverage=nan, d_loss=inf, kid=None, of_a_later_version="x"),
        evaluation_message("ash", 3, nan, action=Action.STOP_REJECT),
        evaluation_message("ash", 3, nan, action=Action.ROLL_BACK),
        failed(FaultKind.HUNG, reason="r"),
        completed_message(),
    ],
)
def test_what_trials_send_passes(message: Any) -> None:
    check_message(message)


@pytest.mark.parametrize("fid", [nan, inf, None])
@pytest.mark.parametrize("action", [Action.GO_ON, Action.PAUSE])
def test_a_trial_that_goes_on_without_a_finite_fid_is_refused(fid: Any, action: Action) -> None:
    message = evaluation_message("ash", 3, 9.0, action=action)
    with pytest.raises(MessageError, match=rf"^fid = {fid} at step 3: not a number$") as caught:
        check_message(message | {"evaluation": message["evaluation"] | {"fid": fid}})
    assert caught.value.fault is FaultKind.NON_FINITE


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (with_row(fid="9.0"), "fid = '9.0': must be a number"),
        (with_row(fid=True), "fid = True: must be a number"),
        (with_row(fid=1e300), r"fid = 1e\+300 at step 3: no distance is that large"),
        (with_row(fid=10**400), r"fid = 1000.*: too large for a number"),
        (with_row(coverage=[0.5]), r"coverage = \[0.5\]: must be a number"),
        (with_row(step=2.5), "step = 2.5: must be a whole number"),
        (with_row(step=None), "step = None: must be a whole number"),
        (with_row(nimg=-1), "nimg = -1: must be a whole number from 0"),
        (with_row(nimg=2**70), r"nimg = 1180591620717411303424: must be a whole number"),
        (with_row(finite="yes"), "finite = 'yes': must be true or false"),
        (with_row(run=7), "run = 7: must be text"),
        ({"kind": "applause"}, "kind = 'applause': must be one of started, alive, "),
        ({"kind": ["evaluated"]}, r"kind = \['evaluated'\]: must be one of"),
        ("evaluated", "kind = None: must be one of"),
        (
            {"kind": "evaluated"},
            "'evaluated' that cannot be read: it has no 'evaluation'",
        ),
        (with_row() | {"evaluation": 9.0}, "evaluation = 9.0: must be a mapping"),
        (with_row() | {"verdict": {"kind": "fine"}}, "'fine' is not a valid VerdictKind"),
        (with_row() | {"num_rollbacks": -1}, "num_rollbacks = -1: must be a whole number"),
        (completed_message() | {"status": "running"}, "status = 'running': does not end a trial"),
        (completed_message() | {"stopped_by": "magic"}, "'magic' is not a valid StoppedBy"),
        (completed_message() | {"reason": None}, "reason = None: must be text"),
        ({"kind": "failed", "fault": "gremlins", "reason": ""}, "'gremlins' is not a valid"),
        ({"kind": "adjusted", "adjustment": {"step": 1}}, "missing 6 required"),
        ({"kind": "started", "pid": "7"}, "pid = '7': must be a whole number"),
        ({"kind": "started", "node": 7}, "node = 7: must be text"),
        ({"kind": "alive", "activity": "sleeping"}, "'sleeping' is not a valid Activity"),
    ],
)
def test_anything_else_is_refused_by_name(message: Any, words: str) -> None:
    with pytest.raises(MessageError, match=words) as caught:
        check_message(message)
    assert caught.value.fault is FaultKind.BAD_CODE


@pytest.mark.parametrize("name", ["run", "step", "fid"])
def test_a_column_that_every_row_needs_is_missed_by_name(name: str) -> None:
    message = with_row()
    row = {key: value for key, value in message["evaluation"].items() if key != name}
    with pytest.raises(MessageError, match=f"^{name} is missing from the evaluation$"):
        check_message(message | {"evaluation": row})
