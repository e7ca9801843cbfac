"""Does FID swing to and fro around a level instead of coming to rest?"""

from itertools import pairwise
from math import sqrt

from orchestrator.decision.case import Case
from orchestrator.decision.futility import fit_line, trend_window
from orchestrator.decision.noise import metric_noise

_LATEST_FRAC = 0.5
_SWING_SDS = 2.0  # of the metric: a smaller deviation has no sign


def swing_of(case: Case) -> tuple[float, int]:
    """Return how far ln(FID) strays from its trend (standard deviation), and how often it turns.

    Both are of the latest half; (0, 0) while it is too early.
    """
    curve, rules = case.curve, case.rules
    start = trend_window(curve, rules, _LATEST_FRAC)
    if start is None:
        return 0.0, 0
    spent = [float(budget) for budget in curve.budget[start:]]
    line = fit_line(spent, curve.log_fid[start:])
    strayed = sqrt(sum(value * value for value in line.residuals) / len(line.residuals))
    telling = _SWING_SDS * metric_noise(curve, len(curve), rules)
    swings = [value for value in line.residuals if abs(value) > telling]
    return strayed, sum((one > 0.0) != (other > 0.0) for one, other in pairwise(swings))


def is_oscillating(case: Case) -> bool:
    """Whether it strays by far more than the metric is noisy, and has turned several times."""
    rules = case.rules
    strayed, turns = swing_of(case)
    if turns < rules.oscillating_turns:
        return False
    noise = metric_noise(case.curve, len(case.curve), rules)
    return strayed > max(rules.oscillating_sds * noise, rules.oscillating_log_sd)
