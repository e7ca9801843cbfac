from collections.abc import Callable
from math import nan

import pytest

from orchestrator.decision.rollback import last_good, lr_factor, with_rollback
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind

MakeRows = Callable[..., list[Evaluation]]

RULES = VerdictRules()  # degraded from 1.3 times the best
DEAD = Verdict(kind=VerdictKind.DEAD, action=Action.STOP_REJECT, reason="FID is nan", keep_step=100)


@pytest.mark.parametrize(
    ("fids", "good"),
    [
        ([90, 20, 18, nan], 2),
        ([90, 20, 23, nan], 2),  # 1.15 times the best is noise
        ([90, 20, 27, 80, nan], 1),  # on its way to death
        ([90, nan], 0),
        ([90, 120, 150, nan], 0),
        ([90, 20, 21], 2),  # nothing died yet: the checkpoint to keep
    ],
)
def test_a_trial_goes_back_to_the_latest_row_that_is_not_degraded(
    make_rows: MakeRows, fids: list[float], good: int
) -> None:
    rows = make_rows(fids)
    assert last_good(rows, RULES) == rows[good]


def test_where_nothing_was_measured_there_is_no_way_back(make_rows: MakeRows) -> None:
    assert last_good([], RULES) is None
    assert last_good(make_rows([nan]), RULES) is None


def test_a_good_row_once_passed_over_is_never_asked_for_again(make_rows: MakeRows) -> None:
    """Its checkpoint is gone: the good rows of growing records never go back."""
    rows = make_rows([90, 60, 61, 95, 70, 30, 50, 41, 33, 80, 29, 39])
    places = [last_good(rows[:end], RULES) for end in range(1, len(rows) + 1)]
    steps = [row.step for row in places if row is not None]
    assert steps == sorted(steps)


def test_rates_are_halved_each_time() -> None:
    assert [lr_factor(number) for number in (0, 1, 2)] == [1.0, 0.5, 0.25]


@pytest.mark.parametrize(
    ("num_rollbacks", "action", "reason"),
    [
        (
            0,
            Action.ROLL_BACK,
            "FID is nan: roll back 1 of 2 to 20 kimg, learning rates x 0.5",
        ),
        (
            1,
            Action.ROLL_BACK,
            "FID is nan: roll back 2 of 2 to 20 kimg, learning rates x 0.25",
        ),
        (2, Action.STOP_REJECT, "FID is nan, after 2 of 2 roll backs"),
    ],
)
def test_a_dead_trial_may_go_back_twice(
    make_rows: MakeRows, num_rollbacks: int, action: Action, reason: str
) -> None:
    good = make_rows([90, 20, 18])[-1]
    verdict = with_rollback(DEAD, good, num_rollbacks=num_rollbacks, max_rollbacks=2)
    assert (verdict.kind, verdict.action, verdict.reason) == (VerdictKind.DEAD, action, reason)
    assert verdict.keep_step == DEAD.keep_step


def test_other_verdicts_and_trials_without_leave_or_way_back_are_left_alone(
    make_rows: MakeRows,
) -> None:
    good = make_rows([90])[0]
    collapsed = Verdict(kind=VerdictKind.COLLAPSED, action=Action.STOP_REJECT, reason="lost")
    assert with_rollback(collapsed, good, num_rollbacks=0, max_rollbacks=2) is collapsed
    assert with_rollback(DEAD, good, num_rollbacks=0, max_rollbacks=0) is DEAD
    assert with_rollback(DEAD, None, num_rollbacks=0, max_rollbacks=2) is DEAD
