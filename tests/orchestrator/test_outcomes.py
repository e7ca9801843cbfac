from math import nan
from typing import Any

import pytest

from orchestrator.outcomes import DIRECTIONS, outcome_of
from orchestrator.records import StoppedBy, TrialRecord, TrialStatus, VerdictKind
from orchestrator.sampling.outcome import Outcome

BOTH = ("fid", "coverage")


def record(**values: Any) -> TrialRecord:
    ended = {"status": TrialStatus.COMPLETED, "stopped_by": StoppedBy.BUDGET}
    scores = {"score": 1.5, "best_coverage": 0.8, "nimg": 4000}
    return TrialRecord(**{"trial_id": "a", "index": 0, **ended, **scores, **values})


def test_a_trial_scores_in_the_objectives_that_were_asked_for() -> None:
    assert outcome_of(record()) == Outcome(values=(1.5,), nimg=4000, is_final=True)
    assert outcome_of(record(), BOTH).values == (1.5, 0.8)
    assert [DIRECTIONS[name] for name in BOTH] == ["minimize", "maximize"]


@pytest.mark.parametrize(
    ("stopped_by", "is_final"),
    [
        (StoppedBy.BUDGET, True),
        (StoppedBy.VERDICT, True),
        (StoppedBy.SCHEDULER, False),
        (StoppedBy.CAP, False),
        (None, False),
    ],
)
def test_what_ended_by_itself_is_final(stopped_by: StoppedBy | None, is_final: bool) -> None:
    assert outcome_of(record(stopped_by=stopped_by)).is_final is is_final


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": VerdictKind.COLLAPSED},
        {"verdict": VerdictKind.DIVERGED},
        {"verdict": VerdictKind.DEAD},
        {"status": TrialStatus.FAILED},
        {"score": nan},
    ],
)
def test_a_broken_trial_is_a_failure_whatever_it_had_reached(change: dict[str, Any]) -> None:
    assert outcome_of(record(**change), BOTH).is_failure


def test_diversity_that_was_not_measured_counts_as_none() -> None:
    assert outcome_of(record(best_coverage=nan), BOTH).values == (1.5, 0.0)
