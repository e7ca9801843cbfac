from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.decision.scheduler import CohortAction
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from orchestrator.simulation.cohort import AXIS_UNITS, Cohort
from orchestrator.simulation.policies import (
    PATIENCE,
    POLICIES,
    PatienceScheduler,
    Rungs,
    VerdictScheduler,
    make_policy,
)
from orchestrator.simulation.simulate import simulate

MakeCurve = Callable[..., list[Evaluation]]
TIME = np.arange(60)


@pytest.fixture
def cohort(make_curve: MakeCurve) -> Cohort:
    """Twelve runs that improve to levels of their own, and one that dies."""
    curves = {
        f"run-{level}": make_curve(f"run-{level}", list((5.0 + level) * (1 + 20 / (1 + TIME))))
        for level in (7, 3, 11, 1, 9, 5, 2, 10, 6, 8, 4, 12)
    }
    dying = [*(3.0 + 60.0 / (1 + TIME[:20])), *[float("nan")] * 40]
    return Cohort.of({**curves, "dying": make_curve("dying", dying)})


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_delivers_the_best_of_clearly_different_runs(
    cohort: Cohort, name: str
) -> None:
    played = simulate(cohort, name, make_policy(name, cohort, reduction=3), concurrent=4)
    assert played.winner.name in ("run-1", "dying")
    assert 0.0 < played.compute_used_frac <= 1.0


def test_ours_spends_less_than_a_half_and_no_more_than_halving_alone(cohort: Cohort) -> None:
    used = {
        name: simulate(
            cohort, name, make_policy(name, cohort, reduction=3), concurrent=4
        ).compute_used_frac
        for name in ("full", "ours")
    }
    assert used["full"] == 1.0
    assert used["ours"] < 0.5


def test_rungs_begin_where_the_usual_run_has_been_measured_four_times(
    make_curve: MakeCurve,
) -> None:
    cohort = Cohort.of({str(run): make_curve(str(run), [9.0] * 60) for run in range(5)})
    assert Rungs.fit(cohort, 3).grace == round(AXIS_UNITS / 9)  # 6.7 rows; a third is 2.2
    assert Rungs.fit(cohort, 2).grace == round(AXIS_UNITS / 8)  # 7.5 rows; a half is 3.75


def test_a_verdict_ends_a_run_that_dies(make_curve: MakeCurve) -> None:
    rows = make_curve("a", [9.0, 8.0, float("nan")])
    assert VerdictScheduler().report("a", rows[:2]).action is CohortAction.GO_ON
    decision = VerdictScheduler().report("a", rows)
    assert decision.action is CohortAction.STOP
    assert decision.reason.startswith("dead: ")


def test_patience_counts_from_the_best(make_curve: MakeCurve) -> None:
    rows = make_curve("a", [9.0, 5.0] + [6.0] * PATIENCE)
    assert PatienceScheduler().report("a", rows[:-1]).action is CohortAction.GO_ON
    assert PatienceScheduler().report("a", rows).action is CohortAction.STOP


def test_an_unknown_policy_is_answered_with_the_nearest(cohort: Cohort) -> None:
    with pytest.raises(ConfigError, match="policy 'hyperbnd': did you mean 'hyperband'"):
        make_policy("hyperbnd", cohort, reduction=3)
