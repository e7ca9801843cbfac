"""Plays a recorded cohort again: workers take runs, a policy says which go on, wait or end."""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Any

from orchestrator.decision.scheduler import CohortAction, Scheduler, ToCome
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
        return (self.delivered_fid - best) / best if best > 0.0 else nan

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
            "delivered_fid": self.delivered_fid if isfinite(self.delivered_fid) else None,
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
    """A number of workers, each free or busy with the next row of some run."""

    num_free: int
    _busy: list[tuple[float, int, str]] = field(default_factory=list)
    _now: float = 0.0
    _num_taken: int = 0

    @property
    def are_idle(self) -> bool:
        """Whether none is busy."""
        return not self._busy

    def take(self, run: str, duration: float) -> None:
        """Put a free worker on a run for so long."""
        self.num_free -= 1
        self._num_taken += 1
        heapq.heappush(self._busy, (self._now + duration, self._num_taken, run))

    def first_done(self) -> str | None:
        """Free the worker that is done first and return its run; None if all are free."""
        if not self._busy:
            return None
        self._now, _, run = heapq.heappop(self._busy)
        self.num_free += 1
        return run


def simulate(cohort: Cohort, name: str, policy: Scheduler, *, concurrent: int) -> Simulation:
    """Play a cohort under a policy that has seen nothing yet.

    Args:
        cohort: the recorded runs; new runs start in their order, after any that may resume.
        name: of the policy.
        policy: hears the rows of every run on the axis of compute.
        concurrent: how many runs train at once.
    """
    return _Replay(cohort, policy, concurrent).play(name)


class _Replay:
    """The state of one simulation: who waits, who is paused, who is busy."""

    def __init__(self, cohort: Cohort, policy: Scheduler, concurrent: int) -> None:
        self._cohort = cohort
        self._policy = policy
        self._runs = {run.name: run for run in cohort.runs}
        self._rows = {run.name: cohort.rows_on_axis(run) for run in cohort.runs}
        self._progress = {name: _Progress() for name in self._runs}
        self._waiting = deque(self._runs)
        self._paused: set[str] = set()
        self._workers = _Workers(concurrent)

    def play(self, name: str) -> Simulation:
        self._fill()
        while (done := self._workers.first_done()) is not None:
            self._hear(done)
            self._fill()
        return Simulation(
            policy=name,
            cohort=self._cohort,
            num_rows={name: at.num_rows for name, at in self._progress.items()},
            reasons={name: at.reason for name, at in self._progress.items()},
        )

    def _fill(self) -> None:
        while self._workers.num_free and (name := self._next()) is not None:
            self._train(name)

    def _next(self) -> str | None:
        resumed = self._policy.next_to_resume(self._paused, to_come=self._to_come())
        if resumed is not None:
            self._paused.remove(resumed)
            return resumed
        return self._waiting.popleft() if self._waiting else None

    def _to_come(self) -> ToCome:
        if self._waiting:
            return ToCome.NEW_TRIALS
        return ToCome.NOTHING if self._workers.are_idle else ToCome.RUNNING_TRIALS

    def _train(self, name: str) -> None:
        run, num_rows = self._runs[name], self._progress[name].num_rows
        self._workers.take(name, _spent(run, num_rows + 1) - _spent(run, num_rows))

    def _hear(self, name: str) -> None:
        at = self._progress[name]
        at.num_rows += 1
        decision = self._policy.report(name, self._rows[name][: at.num_rows])
        at.reason = decision.reason
        if decision.action is CohortAction.STOP or at.num_rows == len(self._rows[name]):
            self._policy.ended(name)
        elif decision.action is CohortAction.PAUSE:
            self._paused.add(name)
        else:
            self._train(name)


def _spent(run: RecordedRun, num_rows: int) -> float:
    return run.spent[num_rows - 1] if num_rows else 0.0
