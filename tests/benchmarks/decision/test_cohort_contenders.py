import pytest

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.cohort_contenders import OUR_SETTING, POLICIES
from benchmarks.decision.cohorts import NoisyCohort
from benchmarks.decision.comparison import FULL, OURS
from orchestrator.decision.asha import AshaScheduler
from orchestrator.simulation.cohort import AXIS_UNITS
from orchestrator.simulation.policies import JointScheduler


@pytest.fixture
def cohort(runs: list[LabelledRun]) -> NoisyCohort:
    return NoisyCohort.of(runs, log_noise=0.0, seed=0)


@pytest.mark.parametrize("name", [name for name in POLICIES if name != FULL])
def test_every_setting_schedules_a_cohort(cohort: NoisyCohort, name: str) -> None:
    outcomes = [cohort.play(make(cohort)) for make in POLICIES[name].values()]
    assert all(0 < outcome.used_frac <= 1 for outcome in outcomes)
    assert min(outcome.distance for outcome in outcomes) < 4  # the best has 2.9
    assert min(outcome.used_frac for outcome in outcomes) < 1


def test_the_full_budget_uses_all_there_is(cohort: NoisyCohort) -> None:
    assert cohort.play(POLICIES[FULL][""](cohort)).used_frac == 1.0


def test_ours_is_what_a_sweep_does_by_default(cohort: NoisyCohort) -> None:
    halving = AshaScheduler(grace_nimg=cohort.grace, reduction=3, budget_nimg=AXIS_UNITS)
    expected = cohort.play(JointScheduler(halving, cohort.verdicts()))
    assert cohort.play(POLICIES[OURS][OUR_SETTING](cohort)) == expected
    assert expected.used_frac < 0.7
