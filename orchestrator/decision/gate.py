"""The quality gate: is a generator diverse enough to be called good, or worth keeping at all?"""

from math import inf, isfinite, log
from statistics import median

from orchestrator.decision.case import Case
from orchestrator.decision.variety import looks_narrow, makes_few_things

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

    Its fakes are no more varied than a few samples and reach next to no reals, or few reals though
    they look real. Where variety was not measured, looks decide: what looks like nothing real may
    rather not have learnt yet. Where looks were not measured either, next to no coverage says it.
    """
    coverage, row = gated_coverage(case), case.curve.rows[-1]
    if not isfinite(coverage):
        return False
    if isfinite(row.vendi):
        return makes_few_things(case, case.last, coverage=coverage)
    if isfinite(row.precision):
        return looks_narrow(case, case.last, coverage=coverage)
    return coverage < case.coverage_floor


def is_worth_keeping(case: Case) -> bool:
    """Whether the best checkpoint of a broken trial may still be shipped.

    It must be diverse; where that was not measured, its FID must have fallen by a tenth at least.
    This strict gate is for trials whose best may have been on its way down already: collapsed,
    diverged, or with a D that left G nothing. What only got worse or swings keeps its best here,
    and the finals hold that against the diversity which the user asked for.
    """
    coverage = case.curve.coverage[case.best]
    if isfinite(coverage):
        return coverage >= case.coverage_gate
    return case.curve.log_fid[case.best] <= case.curve.log_fid[0] + log(_WORTHY_RATIO)
