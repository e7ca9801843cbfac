from collections.abc import Callable
from math import exp, inf, log, nan

import pytest

from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.scheduler import CohortDecision
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


@pytest.fixture
def asha() -> AshaScheduler:
    return AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=250_000)


def at(nimg: int, fid: float) -> list[Evaluation]:
    return [Evaluation(run="trial", step=nimg // 100, nimg=nimg, fid=fid)]


def report_all(asha: AshaScheduler, fids: list[float]) -> list[CohortDecision]:
    return [asha.report(f"trial-{index}", at(30_000, fid)) for index, fid in enumerate(fids)]


def test_rungs_lie_at_powers_of_the_reduction_below_the_budget(asha: AshaScheduler) -> None:
    assert [rung.nimg for rung in asha.rungs] == [30_000, 90_000]
    exact = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=90_000)
    assert [rung.nimg for rung in exact.rungs] == [30_000]


def test_before_the_first_rung_nothing_is_decided(asha: AshaScheduler) -> None:
    decision = asha.report("a", at(29_999, 5.0))
    assert decision == CohortDecision(stop=False, reason="below the first rung at 30 kimg")


def test_a_trial_outside_the_best_third_is_stopped(asha: AshaScheduler) -> None:
    decisions = report_all(asha, [10, 20, 30, 40, 15, 12, 50])
    assert [decision.stop for decision in decisions] == [
        False,  # too few to compare
        False,
        True,  # 1 of 3 kept: 10
        True,  # 2 of 4 kept: 10, 20
        False,  # 2 of 5: 10, 15
        False,  # 2 of 6: 10, 12
        True,  # 3 of 7: 10, 12, 15
    ]
    assert {decision.rung for decision in decisions} == {0}


def test_reasons_have_numbers(asha: AshaScheduler) -> None:
    fids = [exp(value) for value in (1.12, 1.0, 1.05, 1.3, 1.4, 1.5, 1.93)]
    reasons = [decision.reason for decision in report_all(asha, fids)]
    assert reasons[0] == "rung 0 at 30 kimg: log FID 1.12, 1 of the 3 trials to compare"
    assert reasons[2] == (
        "rung 0 at 30 kimg: log FID 1.05, worse than the best third of 3 trials (cutoff 1.00)"
    )
    assert reasons[6] == (
        "rung 0 at 30 kimg: log FID 1.93, worse than the best third of 7 trials (cutoff 1.12)"
    )


def test_equal_scores_all_go_on(asha: AshaScheduler) -> None:
    decisions = report_all(asha, [10.0] * 9)
    assert not any(decision.stop for decision in decisions)
    assert "among the best third of 9 trials" in decisions[-1].reason


@pytest.mark.parametrize("fid", [nan, inf])
def test_a_trial_without_a_finite_score_never_survives_a_rung(
    asha: AshaScheduler, fid: float
) -> None:
    decision = asha.report("first", at(30_000, fid))
    assert decision.stop
    assert decision.reason == "rung 0 at 30 kimg: no finite FID so far"
    assert asha.rungs[0].scores == {"first": inf}


def test_a_dead_sibling_makes_nobody_look_worse(asha: AshaScheduler) -> None:
    decisions = report_all(asha, [nan, nan, 10, 20])
    assert [decision.stop for decision in decisions] == [True, True, False, False]


def test_trials_are_compared_by_their_best_up_to_the_rung(
    asha: AshaScheduler, make_rows: MakeRows
) -> None:
    collapsed_at_the_rung = make_rows([20, 5, 5, 80])
    asha.report("was good", collapsed_at_the_rung)
    assert asha.rungs[0].scores["was good"] == pytest.approx(log(5))
    better_after_the_rung = make_rows([20, 20, 20, 20, 1, 1, 1])
    asha.report("late bloomer", better_after_the_rung)
    assert asha.rungs[0].scores["late bloomer"] == pytest.approx(log(20))


def test_a_trial_that_reports_seldom_is_measured_at_every_rung(
    asha: AshaScheduler, make_rows: MakeRows
) -> None:
    decision = asha.report("a", make_rows([20, 10], every_nimg=100_000))
    assert [list(rung.scores) for rung in asha.rungs] == [["a"], ["a"]]
    assert decision.rung == 1


def test_a_later_rival_does_not_change_a_decision_that_was_made(asha: AshaScheduler) -> None:
    early = asha.report("early", at(30_000, 40.0))
    report_all(asha, [10, 11, 12])
    assert asha.report("early", at(30_000, 40.0)) == early
    assert not early.stop


def test_replaying_the_reports_of_a_journal_restores_the_rungs(asha: AshaScheduler) -> None:
    fids = [10.0, 20.0, nan, 40.0, 15.0]
    report_all(asha, fids)
    resumed = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=250_000)
    report_all(resumed, fids)
    assert resumed.rungs == asha.rungs


def test_without_a_rung_below_the_budget_every_trial_goes_on() -> None:
    asha = AshaScheduler(grace_nimg=50_000, reduction=3, budget_nimg=50_000)
    decision = asha.report("a", at(50_000, nan))
    assert decision == CohortDecision(stop=False, reason="no rung below the budget")


@pytest.mark.parametrize(("reduction", "name"), [(2, "best half"), (7, "best 1/7")])
def test_the_kept_part_is_named(reduction: int, name: str) -> None:
    asha = AshaScheduler(grace_nimg=30_000, reduction=reduction, budget_nimg=10**6)
    assert name in report_all(asha, [10.0] * reduction)[-1].reason


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="grace of 0 images"):
        AshaScheduler(grace_nimg=0, reduction=3, budget_nimg=100)
    with pytest.raises(ConfigError, match="reduction 1: at least 2"):
        AshaScheduler(grace_nimg=10, reduction=1, budget_nimg=100)
