"""Plays a recorded cohort again: workers take runs, a policy says which go on, wait or end."""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from orchestrator.decision.scheduler import CohortAction, Scheduler
from orchestrator.decision.score import best_so_far
from orchestrator.simulation.cohort import Cohort, RecordedRun, best_fid


@dataclass
class _Progress:
    """How far a run has come, and what was last said of it."""

    num_rows: int = 0
    reason: str = ""


@dataclass(frozen=True)
class Simulation:
    """What a policy spent on a cohort, and what it delivered.

    ``regret_frac`` is how far the best FID that the winner reached, as far as it was trained, lies
    above the best of the cohort, as a share of that.
    """

    policy: str
    cohort: Cohort
    num_rows: Mapping[str, int]
    reasons: Mapping[str, str]

    @property
    def used(self) -> float:
        """Compute spent, in the unit of the cohort."""
        return sum(_spent(run, self.num_rows[run.name]) for run in self.cohort.runs)

    @property
    def compute_used_frac(self) -> float:
        """Compute spent, as a share of that of the full cohort."""
        return self.used / self.cohort.full

    @property
    def winner(self) -> RecordedRun:
        """The run with the best smoothed FID so far, as sweeps rank trials; the first of equals."""
        return min(self.cohort.runs, key=lambda run: best_so_far(self._trained(run)))

    @property
    def delivered_fid(self) -> float:
        """The best FID of the winner, as far as it was trained."""
        return best_fid(self._trained(self.winner))

    @property
    def regret_frac(self) -> float:
        """How far the delivered FID lies above the best of the cohort, as a share of that."""
        best = self.cohort.true_best.best_fid
        return (self.delivered_fid - best) / best

    def _trained(self, run: RecordedRun) -> Sequence[Any]:
        return run.rows[: self.num_rows[run.name]]

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        best = self.cohort.true_best
        regret = self.regret_frac
        return {
            "policy": self.policy,
            "compute_unit": self.cohort.unit,
            "compute_full": self.cohort.full,
            "compute_used": self.used,
            "compute_used_frac": self.compute_used_frac,
            "winner": self.winner.name,
            "winner_is_true_best": self.winner is best,
            "true_best": best.name,
            "delivered_fid": self.delivered_fid,
            "best_fid": best.best_fid,
            "regret_frac": regret if isfinite(regret) else None,
            "runs": [self._run_mapping(run) for run in self.cohort.runs],
        }

    def _run_mapping(self, run: RecordedRun) -> dict[str, Any]:
        num_rows = self.num_rows[run.name]
        return {
            "run": run.name,
            "last_step": run.rows[num_rows - 1].step if num_rows else None,
            "used_frac": _spent(run, num_rows) / run.spent[-1],
            "reason": self.reasons[run.name],
        }


@dataclass
class _Workers:
    """A number of workers, each of which is busy with the next row of some run."""

    num_free: int
    _busy: list[tuple[float, int, RecordedRun]] = field(default_factory=list)
    _num_started: int = 0

    def take(self, run: RecordedRun, num_rows: int, now: float) -> None:
        """Put a free worker on a run's next row."""
        self.num_free -= 1
        self._num_started += 1
        done = now + _spent(run, num_rows + 1) - _spent(run, num_rows)
        heapq.heappush(self._busy, (done, self._num_started, run))

    def first_done(self) -> tuple[float, RecordedRun] | None:
        """Free the worker that is done first; None if all are free."""
        if not self._busy:
            return None
        self.num_free += 1
        done, _, run = heapq.heappop(self._busy)
        return done, run


def simulate(cohort: Cohort, name: str, policy: Scheduler, *, concurrent: int) -> Simulation:
    """Play a cohort under a policy that has seen nothing yet.

    Args:
        cohort: the recorded runs; new runs start in their order, after any that may resume.
        name: of the policy.
        policy: hears the rows of every run on the axis of compute.
        concurrent: how many runs train at once.
    """
    runs = {run.name: run for run in cohort.runs}
    rows = {run.name: cohort.rows_on_axis(run) for run in cohort.runs}
    progress = {name: _Progress() for name in runs}
    waiting = deque(cohort.runs)
    workers = _Workers(num_free=concurrent)
    now: float = 0.0

    def fill() -> None:
        while workers.num_free:
            resumed = policy.next_to_resume()
            if resumed is None and not waiting:
                return
            run = waiting.popleft() if resumed is None else runs[resumed]
            workers.take(run, progress[run.name].num_rows, now)

    fill()
    while (done := workers.first_done()) is not None:
        now, run = done
        at = progress[run.name]
        at.num_rows += 1
        decision = policy.report(run.name, rows[run.name][: at.num_rows])
        at.reason = decision.reason
        if at.num_rows == len(run.rows) or decision.action is CohortAction.STOP:
            policy.end(run.name)
        elif decision.action is CohortAction.GO_ON:
            workers.take(run, at.num_rows, now)
        fill()
    return Simulation(
        policy=name,
        cohort=cohort,
        num_rows={name: at.num_rows for name, at in progress.items()},
        reasons={name: at.reason for name, at in progress.items()},
    )


def _spent(run: RecordedRun, num_rows: int) -> float:
    return run.spent[num_rows - 1] if num_rows else 0.0
