"""Recorded curves joined with what was decided on them, as the page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from math import isfinite, nan
from typing import Any, NamedTuple

from orchestrator.decision.curve import in_order, is_measured
from orchestrator.records import Action, Evaluation, VerdictKind
from orchestrator.report.judged.unit import Unit, common_unit


class Span(NamedTuple):
    """Rows in a row with one verdict: indices of the first and of the last."""

    verdict: VerdictKind
    first: int
    last: int


class Pause(NamedTuple):
    """The index of a row at which a run would have been paused, and why."""

    row: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class JudgedRun:
    """One run: its rows by step, the verdict at each, and the decision.

    ``verdict``, ``action`` and ``reason`` are those of the decision; ``stop`` is the index of the
    row at which it ends the run, None if it never does; ``best`` that of the best checkpoint by
    then. ``pauses`` come before the stop.
    """

    name: str
    rows: Sequence[Evaluation]
    verdicts: Sequence[VerdictKind]
    verdict: VerdictKind
    action: Action
    reason: str
    stop: int | None
    best: int | None
    pauses: Sequence[Pause] = ()

    @cached_property
    def unit(self) -> Unit:
        """What the axis of this run counts: images where they were counted, else steps."""
        return common_unit([self.rows], (Unit.KIMG, Unit.STEPS))

    @cached_property
    def budget(self) -> list[float]:
        """What had been spent by each row, in ``unit``."""
        return [self.unit.spent(row) for row in self.rows]

    @cached_property
    def fid(self) -> list[float]:
        """FID of each row; NaN where it could not be measured, whatever was written there."""
        return [row.fid if is_measured(row) else nan for row in self.rows]

    @cached_property
    def has_coverage(self) -> bool:
        """Whether coverage was measured anywhere."""
        return any(isfinite(row.coverage) for row in self.rows)

    @cached_property
    def spans(self) -> list[Span]:
        """The verdicts in the order of the rows, equal ones in a row taken together."""
        spans = []
        for verdict, rows in groupby(enumerate(self.verdicts), key=lambda row: row[1]):
            indices = [index for index, _ in rows]
            spans.append(Span(verdict, indices[0], indices[-1]))
        return spans

    @property
    def is_kept(self) -> bool:
        """Whether the best checkpoint is kept rather than rejected."""
        return self.best is not None and self.action is not Action.STOP_REJECT

    @property
    def best_fid(self) -> float:
        """FID of the best checkpoint; NaN if there is none."""
        return nan if self.best is None else self.fid[self.best]

    @property
    def best_after_stop(self) -> int | None:
        """The row after the stop that has the lowest FID, if that is lower than all before."""
        if self.stop is None:
            return None
        later = [i for i in range(self.stop + 1, len(self.fid)) if isfinite(self.fid[i])]
        lowest = min(later, key=lambda index: self.fid[index], default=None)
        return None if lowest is None or self.fid[lowest] >= self.best_fid else lowest

    @property
    def missed_frac(self) -> float:
        """By which share FID fell further after the stop; NaN if there is nothing to compare."""
        lowest = self.best_after_stop
        if lowest is None:
            return 0.0
        return 1.0 - self.fid[lowest] / self.best_fid if self.best_fid > 0 else nan

    def place(self, index: int) -> str:
        """Say where on the budget a row stands."""
        return self.unit.place(self.budget[index])

    def spent(self, unit: Unit) -> float:
        """Return what the whole run cost."""
        return unit.spent(self.rows[-1])

    def saved(self, unit: Unit) -> float:
        """Return what the run cost after its stop."""
        return 0.0 if self.stop is None else self.spent(unit) - unit.spent(self.rows[self.stop])


@dataclass(frozen=True)
class JudgedCurves:
    """All runs, in the order in which they were read; ``source`` is where from."""

    source: str
    runs: Sequence[JudgedRun]

    @cached_property
    def unit(self) -> Unit:
        """What the costs of the runs are added up in."""
        rows = [run.rows for run in self.runs]
        return common_unit(rows, (Unit.SECONDS, Unit.KIMG, Unit.STEPS))

    @property
    def stopped(self) -> list[JudgedRun]:
        """The runs that would have been stopped, be it at their last row."""
        return [run for run in self.runs if run.stop is not None]

    @property
    def rejected(self) -> list[JudgedRun]:
        """Those of the stopped runs of which nothing is kept."""
        return [run for run in self.stopped if not run.is_kept]

    @property
    def missed(self) -> list[JudgedRun]:
        """The runs that reached a lower FID after their stop, the most missed first."""
        missed = [run for run in self.runs if run.missed_frac > 0]
        return sorted(missed, key=lambda run: -run.missed_frac)

    @property
    def spent(self) -> float:
        """What all runs cost together."""
        return sum(run.spent(self.unit) for run in self.runs)

    @property
    def saved(self) -> float:
        """What the runs cost after their stops."""
        return sum(run.saved(self.unit) for run in self.runs)


def join_judged(
    judged: Sequence[Mapping[str, Any]],
    curves: Mapping[str, Sequence[Evaluation]],
    *,
    source: str,
) -> JudgedCurves:
    """Join what :func:`orchestrator.decision.replay.judge_curves` returns with its curves."""
    return JudgedCurves(source, [_join(each, curves[each["run"]]) for each in judged])


def _join(judged: Mapping[str, Any], curve: Sequence[Evaluation]) -> JudgedRun:
    rows = in_order(curve)
    index_of = {row.step: index for index, row in enumerate(rows)}
    return JudgedRun(
        name=judged["run"],
        rows=rows,
        verdicts=[VerdictKind(each["verdict"]) for each in judged["verdicts"]],
        verdict=VerdictKind(judged["verdict"]),
        action=Action(judged["action"]),
        reason=judged["reason"],
        stop=index_of.get(judged["stop_step"]),
        best=index_of.get(judged["best_step"]),
        pauses=[Pause(index_of[each["step"]], each["reason"]) for each in judged["pauses"]],
    )
