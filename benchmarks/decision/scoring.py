"""How good stops, alarms and verdicts are, by the truth of the bank: pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan
from statistics import fmean

import numpy as np

from benchmarks.decision.bank import LabelledRun
from orchestrator.records import Verdict, VerdictKind

FAILED = frozenset({"collapsed", "diverged", "degraded", "dead"})
ALARMS = frozenset(
    {
        VerdictKind.COLLAPSED,
        VerdictKind.DIVERGED,
        VerdictKind.DEGRADED,
        VerdictKind.JUNK_FEEDBACK,
        VerdictKind.OSCILLATING,
        VerdictKind.DISCRIMINATOR_OVERPOWERED,
        VerdictKind.DEAD,
    }
)
TELLING_GAIN = 0.10  # of the true distance: a run that had it ahead was stopped wrongly

# What a verdict is called in the labels, which know outcomes and no causes.
AS_LABEL = {
    VerdictKind.JUNK_FEEDBACK: "degraded",
    VerdictKind.DISCRIMINATOR_OVERPOWERED: "plateaued",
    VerdictKind.WARMING_UP: "improving",
}


@dataclass(frozen=True)
class StopScore:
    """What stopping saved and cost. Regrets are of viable runs, in units of what there was to win.

    ``wrong_frac`` is the share of viable runs that would have become truly better by a tenth.
    """

    used_frac: float
    regret: float
    regret_p90: float
    wrong_frac: float


def score_stops(runs: Sequence[LabelledRun], stops: Mapping[str, int | None]) -> StopScore:
    """Score the row after which each run was stopped (None: never); the best row is delivered."""
    viable = [run for run in runs if run.label.is_viable]
    regrets = regrets_of(viable, stops)
    wrong = [true_gain_after(run, stops[run.run]) >= TELLING_GAIN for run in viable]
    p90 = float(np.quantile(regrets, 0.9))
    return StopScore(used_frac(runs, stops), fmean(regrets), p90, fmean(wrong))


def used_frac(runs: Sequence[LabelledRun], stops: Mapping[str, int | None]) -> float:
    """Return the share of all rows that were trained up to the stops."""
    rows = sum(len(run.evaluations) for run in runs)
    return sum(_length(run, stops[run.run]) for run in runs) / rows


def regrets_of(runs: Sequence[LabelledRun], stops: Mapping[str, int | None]) -> list[float]:
    """Return the regret of each run up to its stop."""
    return [regret(run, _length(run, stops[run.run])) for run in runs]


def regret(run: LabelledRun, num_rows: int) -> float:
    """Return the true distance of what is delivered, above the best row's, in normal units."""
    delivered = delivered_row(run, num_rows)
    best = min(value for value in run.true_distance if not isnan(value))
    return (run.true_distance[delivered] - best) / (run.untrained - run.family_best)


def delivered_row(run: LabelledRun, num_rows: int) -> int:
    """Return the row of the lowest measured distance among the first rows."""
    return min(
        range(num_rows), key=lambda row: run.evaluations[row].fid if _is_good(run, row) else inf
    )


def true_gain_after(run: LabelledRun, stop: int | None) -> float:
    """Return by which share the true distance fell below its best until then, afterwards."""
    if stop is None or stop + 1 >= len(run.true_distance):
        return 0.0
    before = min(run.true_distance[: stop + 1])
    after = min((value for value in run.true_distance[stop + 1 :] if not isnan(value)), default=inf)
    return max(0.0, 1 - after / before)


@dataclass(frozen=True)
class AlarmScore:
    """How well alarms find failed runs; ``delay`` counts rows from the true best to the alarm."""

    sensitivity: float
    precision: float
    wrong_frac: float
    num_alarms: int


def score_alarms(
    runs: Sequence[LabelledRun], verdicts: Mapping[str, Sequence[Verdict]]
) -> AlarmScore:
    """Score the first stop by an alarm in each run's replay."""
    alarms = {run.run: first_alarm(verdicts[run.run]) for run in runs}
    failed = [run for run in runs if run.label.kind in FAILED]
    raised = [run for run in runs if alarms[run.run] is not None]
    right = [run for run in raised if run.label.kind in FAILED or not run.label.is_viable]
    viable = [run for run in runs if run.label.is_viable]
    wrong = [true_gain_after(run, alarms[run.run]) >= TELLING_GAIN for run in viable]
    return AlarmScore(
        sensitivity=fmean(alarms[run.run] is not None for run in failed) if failed else nan,
        precision=len(right) / len(raised) if raised else 1.0,
        wrong_frac=fmean(wrong),
        num_alarms=len(raised),
    )


def first_alarm(verdicts: Sequence[Verdict]) -> int | None:
    """Return the first row at which an alarm would have stopped the run."""
    rows = (
        row
        for row, verdict in enumerate(verdicts)
        if verdict.action.is_stop and verdict.kind in ALARMS
    )
    return next(rows, None)


def first_stop(verdicts: Sequence[Verdict]) -> int | None:
    """Return the first row at which the run would have been stopped."""
    return next((row for row, verdict in enumerate(verdicts) if verdict.action.is_stop), None)


def confusion(
    runs: Sequence[LabelledRun], verdicts: Mapping[str, Sequence[Verdict]]
) -> dict[tuple[str, str], int]:
    """Count (label, verdict) pairs: of the verdict that ends a run, or of its last row."""
    counts: dict[tuple[str, str], int] = {}
    for run in runs:
        stop = first_stop(verdicts[run.run])
        kind = verdicts[run.run][-1 if stop is None else stop].kind
        pair = (run.label.kind, AS_LABEL.get(kind, kind.value))
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def macro_f1(counts: Mapping[tuple[str, str], int]) -> float:
    """Return the mean F1 over the labels that occur."""
    return fmean(f1_of(kind, counts) for kind in {label for label, _ in counts})


def f1_of(kind: str, counts: Mapping[tuple[str, str], int]) -> float:
    """Return 2 TP / (2 TP + FP + FN) of one label."""
    hits = counts.get((kind, kind), 0)
    named = sum(count for (_, verdict), count in counts.items() if verdict == kind)
    true = sum(count for (label, _), count in counts.items() if label == kind)
    return 2 * hits / (named + true) if named + true else 0.0


def _length(run: LabelledRun, stop: int | None) -> int:
    return len(run.evaluations) if stop is None else stop + 1


def _is_good(run: LabelledRun, row: int) -> bool:
    return isfinite(run.evaluations[row].fid) and not isnan(run.true_distance[row])
