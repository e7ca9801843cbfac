"""How varied fakes are, whatever they look like: one thing, few things, or all over the place.

The Vendi score (Friedman and Dieng, TMLR 2023) counts things that differ. With next to no coverage
it tells a generator that makes one thing from one whose fakes are scattered far from all reals.
"""

from math import inf, isfinite

from orchestrator.decision.case import Case


def makes_one_thing(case: Case, index: int) -> bool:
    """Whether the fakes of a row reach next to no reals and are hardly more varied than one."""
    return _is_lost(case, index) and case.curve.rows[index].vendi < case.rules.single_vendi


def makes_few_things(case: Case, index: int, *, coverage: float | None = None) -> bool:
    """Whether the fakes of a row are no more varied than a few, and reach few of the reals.

    They reach next to none, or few though they look real. ``coverage`` stands in for the row's.
    """
    row = case.curve.rows[index]
    reached = row.coverage if coverage is None else coverage
    if not row.vendi < case.rules.few_vendi:
        return False
    return reached < case.coverage_floor or looks_narrow(case, index, coverage=reached)


def looks_narrow(case: Case, index: int, *, coverage: float) -> bool:
    """Whether the fakes of a row look real, and yet only this ``coverage`` of reals is reached."""
    few = case.rules.narrow_coverage_frac * case.self_coverage
    precise = case.curve.rows[index].precision > case.rules.narrow_precision
    return precise and -inf < coverage < few


def is_scattered(case: Case, index: int) -> bool:
    """Whether the fakes of a row are near no reals, and far more varied than at their fullest.

    Fewer modes vary less, so it is not modes that went: the fakes are all over the place. What
    never reached reals has nowhere to be scattered from: it may be a blob that finds modes later.
    """
    rows, fullest = case.curve.rows, case.curve.index_of_fullest
    if not _is_lost(case, index) or fullest is None or _is_lost(case, fullest):
        return False
    return rows[index].vendi > case.rules.scattered_vendi_ratio * rows[fullest].vendi


def variety_in_words(case: Case, index: int) -> str:
    """Say how varied the fakes of a row are, as a clause; empty where it was not measured."""
    vendi = case.curve.rows[index].vendi
    return f"; fakes as varied as {vendi:.3g} different samples" if isfinite(vendi) else ""


def _is_lost(case: Case, index: int) -> bool:
    return case.curve.coverage[index] < case.coverage_floor
