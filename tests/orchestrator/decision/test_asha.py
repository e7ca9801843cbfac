from collections.abc import Callable
from math import exp, inf, log, nan
from time import perf_counter

import numpy as np
import pytest

from orchestrator.decision.asha import AshaScheduler, rows_to
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from tests.orchestrator.decision.cohorts import carry_out

MakeRows = Callable[..., list[Evaluation]]
GO_ON, PAUSE, STOP = CohortAction.GO_ON, CohortAction.PAUSE, CohortAction.STOP


@pytest.fixture
def asha() -> AshaScheduler:
    return AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=250_000)


def at(nimg: int, fid: float) -> list[Evaluation]:
    return [Evaluation(run="trial", step=nimg // 100, nimg=nimg, fid=fid)]


def with_halves(fid: float, *, log_noise: float) -> list[Evaluation]:
    """Return a flat curve whose two half-samples lie so far from it on either side."""
    high, low = fid * exp(log_noise), fid * exp(-log_noise)
    return [
        Evaluation(run="t", step=row, nimg=10_000 * row, fid=fid, fid_a=high, fid_b=low)
        for row in range(4)
    ]


def report_all(asha: AshaScheduler, fids: list[float]) -> list[CohortDecision]:
    return [asha.report(f"trial-{index}", at(30_000, fid)) for index, fid in enumerate(fids)]


def test_rungs_lie_at_powers_of_the_reduction_below_the_budget(asha: AshaScheduler) -> None:
    assert [rung.nimg for rung in asha.rungs] == [30_000, 90_000]
    exact = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=90_000)
    assert [rung.nimg for rung in exact.rungs] == [30_000]


def test_before_the_first_rung_nothing_is_decided(asha: AshaScheduler) -> None:
    decision = asha.report("a", at(29_999, 5.0))
    assert decision == CohortDecision(action=GO_ON, reason="below the first rung at 30 kimg")


def test_a_trial_outside_the_best_third_is_paused(asha: AshaScheduler) -> None:
    decisions = report_all(asha, [10, 20, 30, 40, 15, 12, 50])
    assert [decision.action for decision in decisions] == [
        PAUSE,  # too few to compare
        PAUSE,
        PAUSE,  # 1 of 3 goes on: 10
        PAUSE,
        PAUSE,
        GO_ON,  # 2 of 6: 10, 12
        PAUSE,
    ]
    assert {decision.rung for decision in decisions} == {0}
    assert decisions[-1].reason == (
        "rung 0 at 30 kimg: log FID 3.91, worse than the best third of 7 trials (cutoff 2.48)"
    )


def test_a_trial_is_promoted_once_later_ones_make_it_one_of_the_best(asha: AshaScheduler) -> None:
    report_all(asha, [10, 20])
    paused = {"trial-0", "trial-1"}
    assert asha.next_to_resume(paused) is None
    asha.report("worse", at(30_000, 30.0))
    assert asha.next_to_resume(paused) == "trial-0"
    assert asha.next_to_resume(paused - {"trial-0"}) is None  # it runs already
    resumed = asha.report("trial-0", [*at(30_000, 10.0), *at(40_000, 9.0)])
    assert resumed == CohortDecision(action=GO_ON, reason="resumed at rung 0", rung=0)
    assert asha.rungs[0].gone_on == {"trial-0"}


def test_higher_rungs_are_promoted_first(asha: AshaScheduler, make_rows: MakeRows) -> None:
    curves = {name: make_rows(10 * [fid]) for name, fid in [("a", 5), ("b", 6), ("c", 7)]}
    for name, rows in curves.items():
        asha.report(name, rows[:4])
        asha.report(name, rows)  # as if all were resumed, so that all come to the second rung
    report_all(asha, [1.0, 2.0, 3.0])
    both = {*curves, "trial-1"}
    assert asha.next_to_resume(both, to_come=ToCome.RUNNING_TRIALS) == "a"
    assert asha.next_to_resume({"trial-1"}, to_come=ToCome.RUNNING_TRIALS) == "trial-1"


@pytest.mark.parametrize("fid", [nan, inf])
def test_a_trial_without_a_finite_score_is_stopped_at_a_rung(
    asha: AshaScheduler, fid: float
) -> None:
    decision = asha.report("first", at(30_000, fid))
    assert decision.action is STOP
    assert decision.reason == "rung 0 at 30 kimg: no finite FID so far"
    assert asha.rungs[0].scores == {"first": inf}


@pytest.mark.parametrize(
    ("log_noise", "action"), [(0.025, PAUSE), (0.027, GO_ON)]
)  # log(10.8 / 10) is 0.0770, and 2 * 1.4826 * 0.0260 as much
def test_half_samples_say_what_counts_as_a_tie(
    asha: AshaScheduler, log_noise: float, action: CohortAction
) -> None:
    decisions = [
        asha.report(str(fid), with_halves(fid, log_noise=log_noise)) for fid in (10.0, 40.0, 10.8)
    ]
    assert decisions[-1].action is action


def test_ties_can_be_switched_off(make_rows: MakeRows) -> None:
    strict = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=250_000, tie_sds=0.0)
    for seed, fid in enumerate([10.0, 10.8, 40.0]):
        strict.report(f"{fid}", make_rows(4 * [fid], log_noise=0.1, seed=seed))
    worse = max(["10.0", "10.8"], key=strict.rungs[0].scores.__getitem__)
    assert strict.next_to_resume({worse}) is None


def test_trials_are_compared_by_their_best_up_to_the_rung(
    asha: AshaScheduler, make_rows: MakeRows
) -> None:
    collapsed_at_the_rung = make_rows([20, 5, 5, 80])
    asha.report("was good", collapsed_at_the_rung)
    assert asha.rungs[0].scores["was good"] == pytest.approx(log(5))
    better_after_the_rung = make_rows([20, 20, 20, 20, 1, 1, 1])
    asha.report("late bloomer", better_after_the_rung)
    assert asha.rungs[0].scores["late bloomer"] == pytest.approx(log(20))


def test_a_trial_that_reports_seldom_is_measured_at_one_rung_after_the_other(
    asha: AshaScheduler, make_rows: MakeRows
) -> None:
    rows = make_rows([20, 10, 5], every_nimg=100_000)
    assert asha.report("a", rows[:2]).rung == 0
    assert [list(rung.scores) for rung in asha.rungs] == [["a"], []]
    assert asha.report("a", rows).rung == 1  # it was resumed
    assert asha.rungs[1].scores == {"a": pytest.approx(log(200) / 2)}  # of the first two


def test_a_later_rival_does_not_change_a_decision_that_was_made(asha: AshaScheduler) -> None:
    early = report_all(asha, [20.0, 21.0, 10.0])[-1]
    report_all(asha, [20.0, 21.0, 10.0, 1.0, 2.0, 3.0])
    assert asha.report("trial-2", at(30_000, 10.0)) == early
    assert early.action is GO_ON


def test_one_that_has_ended_is_not_promoted(asha: AshaScheduler) -> None:
    report_all(asha, [10, 20, 30])
    asha.ended("trial-0")
    assert asha.next_to_resume({"trial-0", "trial-1", "trial-2"}) is None


def test_a_small_cohort_still_brings_one_trial_to_its_end(make_rows: MakeRows) -> None:
    asha = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=250_000)
    curves = {name: make_rows(26 * [fid]) for name, fid in [("b", 9.0), ("a", 5.0)]}
    outcome = carry_out(asha, curves)
    assert outcome.completed(curves) == {"a"}
    assert outcome.num_rows["b"] == 4


def test_the_next_best_steps_in_where_all_that_went_on_broke(make_rows: MakeRows) -> None:
    asha = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=90_000)
    for name, fid in [("a", 5.0), ("b", 6.0), ("c", 7.0)]:
        asha.report(name, make_rows(4 * [fid]))
    assert asha.next_to_resume({"a", "b", "c"}) == "a"
    asha.report("a", make_rows(5 * [5.0]))
    asha.ended("a", is_failure=True)
    assert asha.next_to_resume({"b", "c"}) is None
    assert asha.next_to_resume({"b", "c"}, to_come=ToCome.NOTHING) == "b"


def test_a_large_cohort_costs_what_halving_costs_and_finds_the_best(make_rows: MakeRows) -> None:
    rng = np.random.default_rng(0)
    levels = rng.permutation(np.linspace(1.0, 4.0, 81))
    curves = {f"{level:.3f}": make_rows(28 * [exp(level)]) for level in levels}
    asha = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=270_000)
    outcome = carry_out(asha, curves, concurrent=4)
    assert "1.000" in outcome.completed(curves)
    assert sum(outcome.num_rows.values()) < 0.30 * 81 * 28


def test_noise_cannot_keep_a_cohort_of_equals_alive(make_rows: MakeRows) -> None:
    curves = {str(seed): make_rows(28 * [10.0], log_noise=0.05, seed=seed) for seed in range(54)}
    asha = AshaScheduler(grace_nimg=30_000, reduction=3, budget_nimg=270_000, tie_sds=100.0)
    outcome = carry_out(asha, curves)
    assert len(asha.rungs[0].gone_on) <= 54 / 2
    assert len(outcome.completed(curves)) <= 54 / 2 / 2 + 1


def test_without_a_rung_below_the_budget_every_trial_goes_on() -> None:
    asha = AshaScheduler(grace_nimg=50_000, reduction=3, budget_nimg=50_000)
    decision = asha.report("a", at(50_000, nan))
    assert decision == CohortDecision(action=GO_ON, reason="no rung below the budget")


def test_rows_to_a_rung_are_counted_up_to_the_first_past_it(make_rows: MakeRows) -> None:
    rows = make_rows(5 * [1.0], every_nimg=10)
    assert [rows_to(nimg, rows) for nimg in (0, 1, 10, 40, 41)] == [1, 2, 2, 5, None]


def test_deciding_stays_quick_in_a_cohort_of_a_thousand() -> None:
    rng = np.random.default_rng(0)
    asha = AshaScheduler(grace_nimg=10_000, reduction=2, budget_nimg=10**7)
    fids = rng.uniform(5, 50, size=(1000, 4))
    curves = [
        [Evaluation(run="t", step=row, nimg=10_000 * row, fid=fid) for row, fid in enumerate(each)]
        for each in fids.tolist()
    ]
    paused = {str(name) for name in range(1000)}
    start_s = perf_counter()
    for end in range(1, 5):
        for name, rows in enumerate(curves):
            asha.report(str(name), rows[:end])
            asha.next_to_resume(paused)
    assert (perf_counter() - start_s) / 4000 < 0.01


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="grace of 0 images"):
        AshaScheduler(grace_nimg=0, reduction=3, budget_nimg=100)
    with pytest.raises(ConfigError, match="reduction 1: at least 2"):
        AshaScheduler(grace_nimg=10, reduction=1, budget_nimg=100)
    with pytest.raises(ConfigError, match="ties within -1 standard deviations: must be 0 or more"):
        AshaScheduler(grace_nimg=10, reduction=2, budget_nimg=100, tie_sds=-1.0)
