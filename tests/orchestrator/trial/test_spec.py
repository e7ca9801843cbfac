import json
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from orchestrator.records import (
    Action,
    Adjustment,
    Evaluation,
    StoppedBy,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.trial.spec import TrialSpec, adjusted, evaluated, finished
from tests.orchestrator.exploits import make_exploit
from tests.orchestrator.trial.orders import order

VERDICT = Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="FID 5", keep_step=3)


def test_an_order_crosses_a_process_as_json(tmp_path: Path) -> None:
    spec = order(tmp_path)
    assert TrialSpec.from_mapping(json.loads(json.dumps(spec.to_mapping()))) == spec


def test_an_order_of_an_unknown_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="colour"):
        TrialSpec.from_mapping(order(tmp_path).to_mapping() | {"colour": "red"})


def test_an_evaluation_crosses_with_its_verdict() -> None:
    row = Evaluation(run="a", step=3, fid=5.0, kid=inf)
    message = json.loads(json.dumps(evaluated(row, VERDICT), allow_nan=False))
    assert message["kind"] == "evaluated"
    assert Verdict.from_mapping(message["verdict"]) == VERDICT
    assert Evaluation.from_mapping(message["evaluation"]).fid == 5.0
    assert message["evaluation"]["kid"] is None
    assert message["num_rollbacks"] == 0


def test_an_adjustment_crosses_too() -> None:
    adjustment = Adjustment(
        step=3, nimg=192, d_steps=1, g_steps=2, lr_factor=0.5, num_rollbacks=1, reason="why"
    )
    message = json.loads(json.dumps(adjusted(adjustment), allow_nan=False))
    assert message["kind"] == "adjusted"
    assert message["adjustment"] == adjustment.to_mapping()


def test_an_end_says_how_by_what_and_why() -> None:
    message = finished(TrialStatus.STOPPED, StoppedBy.VERDICT, reason="why", verdict="dead")
    assert json.loads(json.dumps(message)) == {
        "kind": "finished",
        "status": "stopped",
        "stopped_by": "verdict",
        "reason": "why",
        "verdict": "dead",
    }


def test_what_was_taken_over_crosses_with_the_order(tmp_path: Path) -> None:
    spec = replace(order(tmp_path), exploits=(make_exploit(), make_exploit(3000)))
    assert TrialSpec.from_mapping(json.loads(json.dumps(spec.to_mapping()))) == spec
