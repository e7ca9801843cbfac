"""When two scores tie, and what decides then: diversity first, cost second."""

from collections.abc import Iterable
from math import hypot, log1p
from typing import Protocol, TypeVar

SMALLEST_TELLING_GAP = 0.013  # relative; a smaller difference of two FIDs settles nothing
SMALLEST_TELLING_COVERAGE = 0.01  # a smaller gain is a handful of reals, not diversity
SMALLEST_TELLING_SAVING = 0.1  # of the weights
TELLING_STANDARD_ERRORS = 2.0


class Contender(Protocol):
    """What a tie is broken by."""

    @property
    def log_fid(self) -> float:
        """Mean of ln(FID)."""
        ...

    @property
    def coverage(self) -> float:
        """Mean coverage; NaN if it was not measured."""
        ...

    @property
    def coverage_standard_error(self) -> float:
        """Standard error of the mean coverage."""
        ...

    @property
    def num_weights(self) -> int:
        """Size of the generator."""
        ...


C = TypeVar("C", bound=Contender)


def is_tie(log_gap: float, standard_error: float) -> bool:
    """Say whether a gap of two ln(FID) is too small to tell, given its standard error."""
    return log_gap < max(log1p(SMALLEST_TELLING_GAP), TELLING_STANDARD_ERRORS * standard_error)


def break_tie(leader: C, tied: Iterable[C]) -> C:
    """Return the leader, or one that ties with it and is tellingly more diverse, or else smaller.

    Size decides only where the gap itself is below 1.3 %: a large gap that noise leaves in doubt is
    still more likely a loss than not.

    Args:
        leader: has the lowest FID.
        tied: those whose FID ties with the leader's.
    """
    others = list(tied)
    richer = [other for other in others if is_more_diverse(other, leader)]
    if richer:
        return max(richer, key=lambda other: other.coverage)
    smaller = [
        other
        for other in others
        if is_tie(other.log_fid - leader.log_fid, 0.0)
        and not is_more_diverse(leader, other)
        and _is_smaller(other, leader)
    ]
    return min(smaller, key=lambda other: (other.num_weights, other.log_fid), default=leader)


def is_more_diverse(one: Contender, other: Contender) -> bool:
    """Say whether a coverage is higher by 0.01 and by two standard errors."""
    error = hypot(one.coverage_standard_error, other.coverage_standard_error)
    telling = max(SMALLEST_TELLING_COVERAGE, TELLING_STANDARD_ERRORS * error)
    return one.coverage - other.coverage > telling  # False where one was not measured


def _is_smaller(one: Contender, other: Contender) -> bool:
    return one.num_weights < (1 - SMALLEST_TELLING_SAVING) * other.num_weights
