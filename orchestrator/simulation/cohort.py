"""Recorded runs as a cohort: what each row cost, on one axis for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import isfinite
from typing import Self

from orchestrator.decision.curve import in_order, is_measured
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

SECONDS_PER_HOUR = 3600.0
AXIS_UNITS = 10**9  # of the longest run: compute as a whole number


@dataclass(frozen=True)
class RecordedRun:
    """A run to its end: its rows by step, and the compute that was spent by each."""

    name: str
    rows: Sequence[Evaluation]
    spent: Sequence[float]

    @property
    def best_fid(self) -> float:
        """The lowest FID of a row that could be measured; infinity if there is none."""
        return best_fid(self.rows)


@dataclass(frozen=True)
class Cohort:
    """Runs that compete; ``unit`` is what compute is counted in, ``hours`` or ``steps``.

    Attributes:
        runs: in the order in which they are started.
        unit: of ``spent``.
    """

    runs: Sequence[RecordedRun]
    unit: str

    @classmethod
    def of(cls, curves: Mapping[str, Sequence[Evaluation]]) -> Self:
        """Order the rows of each run; compute is hours where every row has them, else steps.

        Raises:
            ConfigError: if no run has a FID that is a number, or one has spent nothing.
        """
        ordered = {run: in_order(rows) for run, rows in curves.items()}
        has_hours = all(_counts_time(rows) for rows in ordered.values())
        runs = [
            RecordedRun(
                name=run,
                rows=rows,
                spent=[
                    row.seconds / SECONDS_PER_HOUR if has_hours else float(row.step) for row in rows
                ],
            )
            for run, rows in ordered.items()
        ]
        if not any(isfinite(run.best_fid) for run in runs):
            raise ConfigError("no run has a FID that is a number: there is nothing to choose from")
        unit = "hours" if has_hours else "steps"
        for run in runs:
            if not 0.0 <= run.spent[0] <= run.spent[-1] or run.spent[-1] == 0.0:
                raise ConfigError(
                    f"run '{run.name}' spends from {run.spent[0]:g} to {run.spent[-1]:g} {unit}: "
                    "compute must be 0 or more at first, and more than 0 at last"
                )
        return cls(runs, unit)

    @property
    def longest(self) -> float:
        """Compute of the run that spent most."""
        return max(run.spent[-1] for run in self.runs)

    @property
    def full(self) -> float:
        """Compute of all runs to their ends."""
        return sum(run.spent[-1] for run in self.runs)

    def rows_on_axis(self, run: RecordedRun) -> Sequence[Evaluation]:
        """Return a run's rows with their compute where images are counted, in ``AXIS_UNITS``.

        Schedulers compare trials at equal images; here they compare them at equal compute.
        """
        return self._rows_on_axis[run.name]

    @cached_property
    def _rows_on_axis(self) -> Mapping[str, Sequence[Evaluation]]:
        """Every policy that the cohort is played under sees the same."""
        longest = self.longest
        return {
            run.name: [
                replace(row, nimg=round(AXIS_UNITS * spent / longest))
                for row, spent in zip(run.rows, run.spent, strict=True)
            ]
            for run in self.runs
        }

    @property
    def true_best(self) -> RecordedRun:
        """The run with the lowest FID of all."""
        return min(self.runs, key=lambda run: run.best_fid)


def best_fid(rows: Sequence[Evaluation]) -> float:
    """Return the lowest FID of rows that could be measured; infinity if there is none."""
    return min((row.fid for row in rows if is_measured(row)), default=float("inf"))


def _counts_time(rows: Sequence[Evaluation]) -> bool:
    times = [row.seconds for row in rows]
    return all(map(isfinite, times)) and all(a < b for a, b in pairwise(times)) and times[-1] > 0
