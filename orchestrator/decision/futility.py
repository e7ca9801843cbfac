"""Is more training futile? Flatness has to be proved; a trend that cannot be seen is no proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, log, nan, sqrt

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules

_MOST_AUTOCORRELATION = 0.9
_FEWEST_ROWS = 4


@dataclass(frozen=True)
class Line:
    """A least-squares line; the standard error is inflated for AR(1) residuals.

    The inflation is sqrt((1 + r) / (1 - r)) with r the lag-1 autocorrelation of the residuals,
    held in [0, 0.9]: successive evaluations of one trial are not independent.
    """

    slope: float
    standard_error: float
    residuals: Sequence[float]


def trend_window(curve: Curve, rules: VerdictRules, frac: float) -> int | None:
    """Return the first row of the latest ``frac`` of a curve; None while it has too few rows."""
    num_rows = len(curve)
    window = max(rules.plateau_window, ceil(frac * num_rows), _FEWEST_ROWS)
    return None if num_rows - rules.warm_up_evaluations < window else num_rows - window


@dataclass(frozen=True)
class Gain:
    """By how much ln(FID) may fall over the horizon: expected, and at most. NaN if too early."""

    expected: float
    hoped: float


def gain_ahead(curve: Curve, rules: VerdictRules, *, growth: float) -> Gain:
    """Return what is left to gain until the budget spent has grown by the factor ``growth``.

    The slope of ln(FID) against the logarithm of the budget over the latest part of the trial is
    carried on, for hope minus ``slope_sds`` of its standard errors: curves improve in the
    logarithm of time, and a straight line would promise what they do not keep. A short part tells
    the present pace, a long one tells it surely where FID is noisy: whichever leaves less to hope
    for. Below zero, even the optimist sees FID rise.
    """
    starts = (trend_window(curve, rules, frac) for frac in rules.plateau_fracs)
    lines = [_trend(curve, start) for start in starts if start is not None]
    gains = [
        Gain(
            expected=-line.slope * log(growth),
            hoped=(rules.slope_sds * line.standard_error - line.slope) * log(growth),
        )
        for line in lines
    ]
    return min(gains, key=lambda gain: gain.hoped, default=Gain(nan, nan))


def horizon_growth(case: Case) -> float:
    """Return to how many times what was spent hope extends: half as long again, or the budget.

    A trial that has not taken off yet may be slow to start: there hope goes further.
    """
    curve, rules = case.curve, case.rules
    growth = rules.horizon_growth if _has_taken_off(case) else rules.slow_start_growth
    if case.budget_nimg is None or not curve.counts_images or curve.budget[-1] <= 0:
        return growth
    return max(growth, case.budget_nimg / curve.budget[-1])


def _has_taken_off(case: Case) -> bool:
    """Whether FID has fallen well below its first, and some reals were reached if that is known."""
    log_fid, fullest = case.curve.log_fid, case.curve.index_of_fullest
    if fullest is not None and case.curve.coverage[fullest] < case.coverage_floor:
        return False
    return min(log_fid) < log_fid[0] + log(case.rules.started_ratio)


def _trend(curve: Curve, start: int) -> Line:
    # Time counts from one spacing before the first row: a record may begin late, or at zero.
    spacing = (curve.budget[-1] - curve.budget[0]) / (len(curve) - 1)
    times = [log(spent - curve.budget[0] + spacing) for spent in curve.budget[start:]]
    return fit_line(times, curve.log_fid[start:])


def fit_line(x: Sequence[float], y: Sequence[float]) -> Line:
    """Fit y = a + b x to at least three points; where all x are equal nothing is known of b."""
    num = len(x)
    mean_x, mean_y = sum(x) / num, sum(y) / num
    from_mean = [value - mean_x for value in x]
    spread = sum(value * value for value in from_mean)
    if spread == 0.0:
        return Line(0.0, inf, [value - mean_y for value in y])
    slope = sum(dx * (value - mean_y) for dx, value in zip(from_mean, y, strict=True)) / spread
    residuals = [value - mean_y - slope * dx for dx, value in zip(from_mean, y, strict=True)]
    squares = sum(value * value for value in residuals)
    if squares == 0.0:
        return Line(slope, 0.0, residuals)
    lagged = sum(residuals[i] * residuals[i + 1] for i in range(num - 1)) / squares
    r = min(max(lagged, 0.0), _MOST_AUTOCORRELATION)
    standard_error = sqrt(squares / (num - 2) / spread * (1.0 + r) / (1.0 - r))
    return Line(slope, standard_error, residuals)
