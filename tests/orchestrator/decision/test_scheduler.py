"""What every scheduler keeps to: a new one joins by one entry in ``SCHEDULERS``."""

from collections.abc import Callable
from math import nan
from time import perf_counter

import numpy as np
import pytest

from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.hyperband import HyperbandScheduler
from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.pbt import PbtScheduler
from orchestrator.decision.scheduler import CohortAction, Scheduler, ToCome
from orchestrator.records import Evaluation
from tests.orchestrator.decision.cohorts import Curves, carry_out, repeat

NewScheduler = Callable[[], Scheduler]
NUM_ROWS = 21

SCHEDULERS: dict[str, NewScheduler] = {
    "full": FullScheduler,
    "asha": lambda: AshaScheduler(grace_nimg=20_000, reduction=3, budget_nimg=200_000),
    "hyperband": lambda: HyperbandScheduler(
        grace_nimg=20_000, reduction=3, budget_nimg=200_000, tie_sds=2.0
    ),
    "median": lambda: MedianScheduler(grace_nimg=20_000, min_trials=3),
    "pbt": lambda: PbtScheduler(interval_nimg=20_000, budget_nimg=200_000, significant_sds=1.0),
}


@pytest.fixture(params=SCHEDULERS)
def new_scheduler(request: pytest.FixtureRequest) -> NewScheduler:
    return SCHEDULERS[request.param]


@pytest.fixture
def curves() -> Curves:
    """Return fourteen curves that fall to levels of their own; one is dead from the start."""
    rng = np.random.default_rng(0)
    curves = {
        f"trial-{index}": falling(level) for index, level in enumerate(rng.uniform(5, 50, 14))
    }
    curves["trial-3"] = falling(nan)
    return curves


def falling(level: float) -> list[Evaluation]:
    fids = [float(level + 100 / (row + 1)) for row in range(NUM_ROWS)]
    return [
        Evaluation(run="t", step=row, nimg=10_000 * row, fid=fid) for row, fid in enumerate(fids)
    ]


class TestContract:
    def test_nothing_evaluated_is_no_reason_to_leave(self, new_scheduler: NewScheduler) -> None:
        assert new_scheduler().report("a", []).action is CohortAction.GO_ON

    def test_a_trial_without_siblings_comes_to_its_end(
        self, new_scheduler: NewScheduler, curves: Curves
    ) -> None:
        alone = {"trial-0": curves["trial-0"]}
        assert carry_out(new_scheduler(), alone).completed(alone) == {"trial-0"}

    @pytest.mark.parametrize("concurrent", [1, 4, 20])
    def test_some_trial_comes_to_its_end_and_all_others_left_for_a_reason(
        self, new_scheduler: NewScheduler, curves: Curves, concurrent: int
    ) -> None:
        outcome = carry_out(new_scheduler(), curves, concurrent=concurrent)
        completed = outcome.completed(curves)
        assert completed
        assert set(outcome.num_rows) == set(curves)
        for name in curves.keys() - completed:
            assert outcome.actions[name] is not CohortAction.GO_ON
        assert all(decision.reason for decision in outcome.decisions)

    def test_the_best_of_well_ordered_curves_comes_to_its_end(
        self, new_scheduler: NewScheduler
    ) -> None:
        curves = {f"{level}": falling(level) for level in (40, 7, 30, 5, 20, 6, 50, 8, 10)}
        assert "5" in carry_out(new_scheduler(), curves, concurrent=2).completed(curves)

    def test_the_same_calls_give_the_same_decisions(
        self, new_scheduler: NewScheduler, curves: Curves
    ) -> None:
        outcome = carry_out(new_scheduler(), curves, concurrent=3)
        assert repeat(new_scheduler(), outcome.calls, curves) == outcome.decisions

    @pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
    def test_a_journal_that_is_read_again_restores_all_that_is_decided_later(
        self, new_scheduler: NewScheduler, curves: Curves, share: float
    ) -> None:
        outcome = carry_out(new_scheduler(), curves, concurrent=3)
        untouched, restored = new_scheduler(), new_scheduler()
        known = outcome.calls[: round(share * len(outcome.calls))]
        for scheduler in (untouched, restored):
            repeat(scheduler, known, curves)
        latest = {name: rows for call, name, rows in known if call == "report"}
        repeated = [("report", name, end) for name, rows in latest.items() for end in (1, rows)]
        repeat(restored, repeated, curves)  # as trials do that go on from their checkpoints
        every = set(curves)
        assert restored.next_to_resume(every) == untouched.next_to_resume(every)
        rest = outcome.calls[len(known) :]
        assert repeat(restored, rest, curves) == repeat(untouched, rest, curves)

    def test_known_rows_get_the_decision_of_before(
        self, new_scheduler: NewScheduler, curves: Curves
    ) -> None:
        scheduler = new_scheduler()
        for end in range(1, 8):
            for name, rows in curves.items():
                decision = scheduler.report(name, rows[:end])
                assert scheduler.report(name, rows[:end]) == decision
                assert scheduler.report(name, rows[:1]) == decision

    def test_a_stopped_trial_stays_stopped(
        self, new_scheduler: NewScheduler, curves: Curves
    ) -> None:
        scheduler = new_scheduler()
        for end in range(1, NUM_ROWS + 1):
            for name, rows in curves.items():
                decision = scheduler.report(name, rows[:end])
                if decision.action is CohortAction.STOP:
                    assert scheduler.report(name, rows) == decision

    def test_only_a_trial_that_may_be_resumed_is_named(
        self, new_scheduler: NewScheduler, curves: Curves
    ) -> None:
        scheduler = new_scheduler()
        for name, rows in curves.items():
            scheduler.report(name, rows[:3])
        for to_come in ToCome:
            assert scheduler.next_to_resume((), to_come=to_come) is None
            assert scheduler.next_to_resume({"stranger"}, to_come=to_come) is None

    def test_no_trial_that_has_ended_is_resumed(
        self, new_scheduler: NewScheduler, curves: Curves
    ) -> None:
        scheduler = new_scheduler()
        scheduler.ended("never reported")
        for name, rows in curves.items():
            scheduler.report(name, rows[:3])
        for name in curves:
            scheduler.ended(name, is_failure=name == "trial-3")
        assert scheduler.next_to_resume(set(curves), to_come=ToCome.NOTHING) is None

    def test_deciding_stays_quick_with_a_thousand_trials(self, new_scheduler: NewScheduler) -> None:
        scheduler = new_scheduler()
        levels = np.random.default_rng(0).uniform(5, 50, 1000)
        curves = {str(name): falling(level)[:4] for name, level in enumerate(levels)}
        for name, rows in curves.items():
            scheduler.report(name, rows[:3])
        start_s = perf_counter()
        for name in list(curves)[:100]:
            scheduler.report(name, curves[name])
            scheduler.next_to_resume(curves)
        assert (perf_counter() - start_s) / 100 < 0.01
