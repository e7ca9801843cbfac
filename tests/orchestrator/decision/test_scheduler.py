"""What every scheduler keeps to: a new one joins by one entry in ``SCHEDULERS``."""

from collections.abc import Callable, Sequence
from math import nan

import numpy as np
import pytest

from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.scheduler import CohortDecision, Scheduler
from orchestrator.records import Evaluation

Report = tuple[str, Sequence[Evaluation]]

SCHEDULERS: dict[str, Callable[[], Scheduler]] = {
    "full": FullScheduler,
    "asha": lambda: AshaScheduler(grace_nimg=20_000, reduction=3, budget_nimg=200_000),
}


@pytest.fixture(params=SCHEDULERS)
def new_scheduler(request: pytest.FixtureRequest) -> Callable[[], Scheduler]:
    return SCHEDULERS[request.param]


@pytest.fixture
def reports() -> list[Report]:
    """Return the reports of twelve trials as they come in side by side; one dies on the way."""
    rng = np.random.default_rng(0)
    quality = rng.uniform(5.0, 50.0, size=12)
    curves = {
        f"trial-{index}": [
            Evaluation(run="t", step=row, nimg=10_000 * row, fid=float(level + 100 / (row + 1)))
            for row in range(21)
        ]
        for index, level in enumerate(quality)
    }
    curves["trial-3"] = [
        Evaluation(run="t", step=row, nimg=10_000 * row, fid=nan) for row in range(21)
    ]
    return [(name, rows[:end]) for end in range(1, 22) for name, rows in curves.items()]


def decide(scheduler: Scheduler, reports: Sequence[Report]) -> list[CohortDecision]:
    return [scheduler.report(*report) for report in reports]


class TestContract:
    def test_nothing_evaluated_is_no_reason_to_stop(
        self, new_scheduler: Callable[[], Scheduler]
    ) -> None:
        assert not new_scheduler().report("a", []).stop

    def test_a_trial_without_siblings_goes_on(
        self, new_scheduler: Callable[[], Scheduler], reports: list[Report]
    ) -> None:
        scheduler = new_scheduler()
        alone = [report for report in reports if report[0] == "trial-0"]
        assert not any(decision.stop for decision in decide(scheduler, alone))

    def test_some_trial_is_left_to_the_end(
        self, new_scheduler: Callable[[], Scheduler], reports: list[Report]
    ) -> None:
        scheduler = new_scheduler()
        stopped = {name for name, rows in reports if scheduler.report(name, rows).stop}
        assert stopped < {name for name, _ in reports}

    def test_every_decision_has_a_reason(
        self, new_scheduler: Callable[[], Scheduler], reports: list[Report]
    ) -> None:
        assert all(decision.reason for decision in decide(new_scheduler(), reports))

    def test_the_same_reports_give_the_same_decisions(
        self, new_scheduler: Callable[[], Scheduler], reports: list[Report]
    ) -> None:
        assert decide(new_scheduler(), reports) == decide(new_scheduler(), reports)

    def test_reports_that_are_given_again_change_nothing(
        self, new_scheduler: Callable[[], Scheduler], reports: list[Report]
    ) -> None:
        restored, untouched = new_scheduler(), new_scheduler()
        half = len(reports) // 2
        for scheduler in (restored, untouched):
            decide(scheduler, reports[:half])
        latest = list(dict(reports[:half]).items())
        assert decide(restored, latest) == decide(restored, latest)
        assert decide(restored, reports[half:]) == decide(untouched, reports[half:])

    def test_a_stopped_trial_stays_stopped(
        self, new_scheduler: Callable[[], Scheduler], reports: list[Report]
    ) -> None:
        scheduler = new_scheduler()
        stopped: dict[str, CohortDecision] = {}
        for name, rows in reports:
            decision = scheduler.report(name, rows)
            assert decision == stopped.get(name, decision)
            if decision.stop:
                stopped[name] = decision
