"""How uncertain ln(FID) is: by measuring, and by the wobble of training from step to step.

Both are median absolute deviations, which a single wild evaluation cannot move.
"""

from collections.abc import Sequence
from math import isfinite, log, nan, sqrt
from statistics import median

from orchestrator.decision.curve import Curve, is_measured
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
    by_halves = noise_by_halves(curve.rows[start:end])
    return by_halves if isfinite(by_halves) else _successive_sd(curve.log_fid[start:end])


def noise_by_halves(rows: Sequence[Evaluation]) -> float:
    """Return the same from the half-samples of these rows; NaN where too few recorded them."""
    halves = [half for row in rows if isfinite(half := _half_difference(row))]
    enough = len(halves) >= _FEWEST_HALVES
    return _SD_PER_MEDIAN_DEVIATION * median(halves) if enough else nan


def noise_beside_trend(curve: Curve, rules: VerdictRules) -> float:
    """Return the same for a whole curve that may be falling fast, as young trials do.

    Where half-samples were not recorded, second differences stand in, to which a straight fall
    adds nothing; successive ones would take it for noise. NaN of fewer than three rows.
    """
    by_halves = noise_by_halves(curve.rows[-rules.noise_window :])
    if isfinite(by_halves):
        return by_halves
    y = curve.log_fid[-rules.noise_window :]
    bends = [abs(y[i] - 2.0 * y[i + 1] + y[i + 2]) for i in range(len(y) - 2)]
    return _SD_PER_MEDIAN_DEVIATION * median(bends) / sqrt(6.0) if bends else nan


def evaluation_noise(rows: Sequence[Evaluation]) -> float:
    """Return the same of a trial as it is recorded; NaN where that is not known yet."""
    measured = [row for row in rows if is_measured(row)]
    return noise_beside_trend(Curve.of(measured), VerdictRules()) if measured else nan


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
