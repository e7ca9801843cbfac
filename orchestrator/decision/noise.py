"""How uncertain ln(FID) is: by measuring, and by the wobble of training from step to step.

Both are median absolute deviations, which a single wild evaluation cannot move.
"""

from collections.abc import Sequence
from math import isfinite, log, sqrt
from statistics import median

from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

_SD_PER_MEDIAN_DEVIATION = 1.4826  # of a normal distribution
_FEWEST_HALVES = 3


def metric_noise(curve: Curve, end: int, rules: VerdictRules) -> float:
    """Return the standard deviation of ln(FID) by measuring alone, from the rows before ``end``.

    The two half-samples of one evaluation differ by noise only; where they were not recorded,
    successive evaluations stand in and the wobble of training is counted as noise too.
    """
    start = max(0, end - rules.noise_window)
    halves = [half for row in curve.rows[start:end] if isfinite(half := _half_difference(row))]
    if len(halves) >= _FEWEST_HALVES:
        return _SD_PER_MEDIAN_DEVIATION * median(halves)
    return _successive_sd(curve.log_fid[start:end])


def wobble(curve: Curve, end: int, rules: VerdictRules) -> float:
    """Return the standard deviation of ln(FID) by measuring and by training together."""
    recent = curve.log_fid[max(0, end - rules.wobble_window - 1) : end]
    return max(metric_noise(curve, end, rules), _successive_sd(recent))


def _half_difference(row: Evaluation) -> float:
    if not (0.0 < row.fid_a < float("inf") and 0.0 < row.fid_b < float("inf")):
        return float("nan")
    return abs(log(row.fid_a) - log(row.fid_b)) / 2.0


def _successive_sd(log_fid: Sequence[float]) -> float:
    steps = [abs(log_fid[i + 1] - log_fid[i]) for i in range(len(log_fid) - 1)]
    return _SD_PER_MEDIAN_DEVIATION * median(steps) / sqrt(2.0) if steps else 0.0
