"""The quality gate: is a generator diverse enough to be called good, or worth keeping at all?"""

from math import inf, isfinite, log
from statistics import median

from orchestrator.decision.case import Case

_NUM_LATEST = 3
_WORTHY_RATIO = 0.9  # of the first FID


def gated_coverage(case: Case) -> float:
    """Return the coverage a converged trial is measured by; -inf where none was measured.

    It is the lower of the best checkpoint's and the latest ones', because a trial that has lost
    its modes by now has not converged, however good it was.
    """
    latest = [value for value in case.curve.coverage[-_NUM_LATEST:] if isfinite(value)]
    at_best = case.curve.coverage[case.best]
    return min(at_best, median(latest)) if latest and isfinite(at_best) else -inf


def is_narrow(case: Case) -> bool:
    """Whether a trial that has come to rest produces few things over and over.

    Fakes that look real and yet reach few of the reals; one that looks like nothing real may
    rather not have learnt yet. Where looks were not measured, next to no coverage says it.
    """
    coverage, precision = gated_coverage(case), case.curve.rows[-1].precision
    if not isfinite(precision):
        return -inf < coverage < case.coverage_floor
    few = case.rules.narrow_coverage_frac * case.self_coverage
    return -inf < coverage < few and precision > case.rules.narrow_precision


def has_no_variety(case: Case) -> bool:
    """Whether the latest fakes reach next to no reals and are as varied as one sample would be.

    That they reach none is true of all that is far off: variety has to be measured by itself.
    """
    row = case.curve.rows[-1]
    return row.coverage < case.coverage_floor and row.vendi < case.rules.single_vendi


def is_worth_keeping(case: Case) -> bool:
    """Whether the best checkpoint of a broken trial may still be shipped.

    It must be diverse; where that was not measured, its FID must have fallen by a tenth at least.
    """
    coverage = case.curve.coverage[case.best]
    if isfinite(coverage):
        return coverage >= case.coverage_gate
    return case.curve.log_fid[case.best] <= case.curve.log_fid[0] + log(_WORTHY_RATIO)
