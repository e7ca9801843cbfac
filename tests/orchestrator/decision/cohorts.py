"""Cohorts whose curves are known beforehand, carried out under a scheduler."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.decision.scheduler import CohortAction, CohortDecision, Scheduler, ToCome
from orchestrator.records import Evaluation

Curves = Mapping[str, Sequence[Evaluation]]
Call = tuple[str, str, int]  # report or end, the trial, its rows


@dataclass
class Outcome:
    """What a scheduler made of a cohort: rows spent, calls in order, and each trial's decision."""

    num_rows: dict[str, int] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    decisions: list[CohortDecision] = field(default_factory=list)
    actions: dict[str, CohortAction] = field(default_factory=dict)
    paused: dict[str, None] = field(default_factory=dict)

    def completed(self, curves: Curves) -> set[str]:
        """Return the trials that came to the end of their curves."""
        return {name for name, rows in curves.items() if self.num_rows.get(name) == len(rows)}


def carry_out(scheduler: Scheduler, curves: Curves, *, concurrent: int = 1) -> Outcome:
    """Run every trial as a search does, in the order of the curves; one evaluation each in turn."""
    outcome, fresh = Outcome(), iter(curves)
    running: list[str] = []
    while True:
        while len(running) < concurrent and (name := _next(scheduler, outcome, fresh, running)):
            running.append(name)
        if not running:
            return outcome
        running = [name for name in running if _goes_on(scheduler, outcome, name, curves[name])]


def repeat(scheduler: Scheduler, calls: Sequence[Call], curves: Curves) -> list[CohortDecision]:
    """Give a scheduler the calls of a journal again; return its decisions."""
    decisions = []
    for call, name, num_rows in calls:
        if call == "report":
            decisions.append(scheduler.report(name, curves[name][:num_rows]))
        else:
            scheduler.ended(name)
    return decisions


def _next(
    scheduler: Scheduler, outcome: Outcome, fresh: Iterator[str], running: Sequence[str]
) -> str | None:
    name = scheduler.next_to_resume(outcome.paused) or next(fresh, None)
    if name is None:
        to_come = ToCome.RUNNING_TRIALS if running else ToCome.NOTHING
        name = scheduler.next_to_resume(outcome.paused, to_come=to_come)
    if name is not None:
        outcome.paused.pop(name, None)
    return name


def _goes_on(
    scheduler: Scheduler, outcome: Outcome, name: str, curve: Sequence[Evaluation]
) -> bool:
    end = outcome.num_rows[name] = outcome.num_rows.get(name, 0) + 1
    decision = scheduler.report(name, curve[:end])
    outcome.calls.append(("report", name, end))
    outcome.decisions.append(decision)
    outcome.actions[name] = decision.action
    if end == len(curve) or decision.action is CohortAction.STOP:
        scheduler.ended(name)
        outcome.calls.append(("end", name, end))
        return False
    if decision.action in (CohortAction.PAUSE, CohortAction.EXPLOIT):
        outcome.paused[name] = None
    return decision.action is CohortAction.GO_ON
