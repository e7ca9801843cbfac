"""Does FID swing to and fro around a level instead of coming to rest?"""

from itertools import pairwise
from math import sqrt

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.futility import Line, fit_line, trend_window
from orchestrator.decision.noise import metric_noise

_LATEST_FRAC = 0.5
_SWING_SDS = 2.0  # of the metric: a smaller deviation has no sign


def swing_of(case: Case) -> tuple[float, int]:
    """Return how far ln(FID) strays from its trend (standard deviation), and how often it turns.

    Both are of the latest half, but for its wildest row; (0, 0) while it is too early.
    """
    curve, rules = case.curve, case.rules
    start = trend_window(curve, rules, _LATEST_FRAC)
    if start is None:
        return 0.0, 0
    line = _line_without_wildest(curve, start)
    strayed = sqrt(sum(value * value for value in line.residuals) / len(line.residuals))
    telling = _SWING_SDS * metric_noise(curve, len(curve), rules)
    swings = [value for value in line.residuals if abs(value) > telling]
    return strayed, sum((one > 0.0) != (other > 0.0) for one, other in pairwise(swings))


def _line_without_wildest(curve: Curve, start: int) -> Line:
    """Fit a trend to the rows from ``start`` on but the one that strays most.

    One wild evaluation tilts the line, so that the calm ones around it seem to swing.
    """
    spent = [float(budget) for budget in curve.budget[start:]]
    log_fid = list(curve.log_fid[start:])
    residuals = fit_line(spent, log_fid).residuals
    wildest = max(range(len(residuals)), key=lambda index: abs(residuals[index]))
    del spent[wildest], log_fid[wildest]
    return fit_line(spent, log_fid)


def is_oscillating(case: Case) -> bool:
    """Whether it strays by far more than the metric is noisy, and has turned several times."""
    rules = case.rules
    strayed, turns = swing_of(case)
    if turns < rules.oscillating_turns:
        return False
    noise = metric_noise(case.curve, len(case.curve), rules)
    return strayed > max(rules.oscillating_sds * noise, rules.oscillating_log_sd)
