"""Is more training futile? Flatness has to be proved; a trend that cannot be seen is no proof."""

from collections.abc import Sequence
from math import ceil, nan, sqrt

from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules

_MOST_AUTOCORRELATION = 0.9
_FEWEST_ROWS = 4


def optimistic_gain(curve: Curve, rules: VerdictRules) -> float:
    """Return the most that ln(FID) can be hoped to fall over the horizon; NaN if too early.

    The slope of ln(FID) over the latest half of the trial, minus ``slope_sds`` of its standard
    errors, is carried on for half of the budget spent so far: curves improve in the logarithm of
    time, so the horizon grows with the trial. Below zero, even the optimist sees FID rise.
    """
    num_rows = len(curve)
    window = max(rules.plateau_window, ceil(rules.plateau_frac * num_rows), _FEWEST_ROWS)
    if num_rows - rules.warm_up_evaluations < window:
        return nan
    start = num_rows - window
    budget = [float(spent - curve.budget[start]) for spent in curve.budget[start:]]
    slope, standard_error = slope_and_error(budget, curve.log_fid[start:])
    # Spacing times count, not the last value: a record may begin late, or at the untrained state.
    elapsed = (curve.budget[-1] - curve.budget[0]) / (num_rows - 1) * num_rows
    return -(slope - rules.slope_sds * standard_error) * rules.horizon_frac * elapsed


def slope_and_error(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return the least-squares slope and its standard error, inflated for AR(1) residuals.

    The inflation is sqrt((1 + r) / (1 - r)) with r the lag-1 autocorrelation of the residuals,
    held in [0, 0.9]: successive evaluations of one trial are not independent.
    """
    num = len(x)
    mean_x, mean_y = sum(x) / num, sum(y) / num
    from_mean = [value - mean_x for value in x]
    spread = sum(value * value for value in from_mean)
    slope = sum(dx * (value - mean_y) for dx, value in zip(from_mean, y, strict=True)) / spread
    residuals = [value - mean_y - slope * dx for dx, value in zip(from_mean, y, strict=True)]
    squares = sum(value * value for value in residuals)
    if squares == 0.0:
        return slope, 0.0
    lagged = sum(residuals[i] * residuals[i + 1] for i in range(num - 1)) / squares
    r = min(max(lagged, 0.0), _MOST_AUTOCORRELATION)
    return slope, sqrt(squares / (num - 2) / spread * (1.0 + r) / (1.0 - r))
