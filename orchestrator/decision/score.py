"""How a noisy curve becomes one number: the best so far of the smoothed log metric.

The raw minimum of a noisy curve is lucky rather than good, and the last value forgets what was
reached; the running median of three forgives one lucky or unlucky evaluation.
"""

from collections.abc import Sequence
from math import inf, isfinite, log
from statistics import median

from orchestrator.records import Evaluation

SMOOTHING_WINDOW = 3
_SMALLEST_DISTANCE = 1e-12  # a Fréchet distance may round to zero or just below


def log_metric(fid: float) -> float:
    """Return ln(fid), or infinity where the metric is not finite."""
    return log(max(fid, _SMALLEST_DISTANCE)) if isfinite(fid) else inf


def smoothed_log_fid(evaluations: Sequence[Evaluation]) -> list[float]:
    """Return the causal running median of ln(fid) over the last three evaluations."""
    logs = [log_metric(row.fid) if row.finite else inf for row in evaluations]
    return [median(logs[max(0, end - SMOOTHING_WINDOW) : end]) for end in range(1, len(logs) + 1)]


def best_so_far(evaluations: Sequence[Evaluation]) -> float:
    """Return the lowest smoothed ln(fid) reached; infinity if nothing finite was measured."""
    return min(smoothed_log_fid(evaluations), default=inf)


def best_evaluation(evaluations: Sequence[Evaluation]) -> Evaluation | None:
    """Return the evaluation with the lowest finite FID, the first of equals; None if none is.

    An evaluation of weights that are not finite does not count: its checkpoint is of no use.
    """
    finite = [row for row in evaluations if row.finite and isfinite(row.fid)]
    return min(finite, key=lambda row: row.fid, default=None)
