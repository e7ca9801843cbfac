"""What can break in a trial, as conditions on one row that see nothing after it.

A condition must hold for several evaluations in a row before anything is done: one bad evaluation
is noise, and some collapses recover.
"""

from collections.abc import Callable
from heapq import nlargest, nsmallest
from math import isfinite, log, nan

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.noise import metric_noise, wobble

_NUM_BEST = 3
_NUM_LATEST = 3

Condition = Callable[[Case, int], bool]


def streak(condition: Condition, case: Case, *, first: int, most: int) -> int:
    """Count how many of the latest rows, from ``first`` on, meet a condition; at most ``most``."""
    length = 0
    while length < most and case.last - length >= first and condition(case, case.last - length):
        length += 1
    return length


def reference_log_fid(curve: Curve, index: int) -> float:
    """Return what a row is compared with: the median of the three lowest values before it.

    The lowest alone is lucky rather than good, and the latest three rows are the ones in
    question. NaN while fewer than three rows remain.
    """
    lowest = nsmallest(_NUM_BEST, curve.log_fid[: max(0, index + 1 - _NUM_LATEST)])
    return lowest[_NUM_BEST // 2] if len(lowest) == _NUM_BEST else nan


def reference_coverage(curve: Curve, index: int) -> float:
    """Return the mean of the three best coverages up to a row; NaN if none was measured."""
    best = nlargest(_NUM_BEST, (value for value in curve.coverage[: index + 1] if isfinite(value)))
    return sum(best) / len(best) if best else nan


def has_runaway_logits(case: Case, index: int) -> bool:
    """Whether D's mean logit is beyond any that a working pair reaches."""
    row = case.curve.rows[index]
    return any(abs(x) > case.rules.diverged_logit for x in (row.d_real_logit, row.d_fake_logit))


def is_diverged(case: Case, index: int) -> bool:
    """Whether the trial is far worse than it began, or D's logits have run away."""
    rise = case.curve.log_fid[index] - case.curve.log_fid[0]
    return rise > log(case.rules.diverged_ratio) or has_runaway_logits(case, index)


def is_collapsed(case: Case, index: int) -> bool:
    """Whether much of the diversity that it had went, and FID rose with it.

    A trial that never had any has not lost it: it may be slow to start.
    """
    curve, rules = case.curve, case.rules
    had = reference_coverage(curve, index)
    if not had > case.coverage_floor:
        return False
    if not curve.coverage[index] < rules.coverage_drop_frac * had:
        return False
    worse = curve.log_fid[index] - reference_log_fid(curve, index)
    noise = metric_noise(curve, index + 1, rules)
    return worse > max(rules.collapse_sds * noise, log(rules.collapse_ratio))


def is_degraded(case: Case, index: int) -> bool:
    """Whether FID has risen above its reference by more than noise and wobble explain."""
    curve, rules = case.curve, case.rules
    worse = curve.log_fid[index] - reference_log_fid(curve, index)
    if not worse > log(rules.degraded_ratio):
        return False
    return worse > rules.degraded_sds * wobble(curve, index + 1, rules)
