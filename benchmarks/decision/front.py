"""What a policy can reach at a given compute: the front of its settings, and what lies between.

Between two settings lies the lottery that uses one for some trials or sweeps and the other for
the rest: its compute and its mean regret lie on the straight line. So a rival's front is the
lower convex hull of its points, which is the most that it could be granted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from statistics import fmean, stdev


@dataclass(frozen=True)
class Point:
    """One setting of a policy: compute used, and the regret of each run or cohort in order."""

    setting: str
    used_frac: float
    regrets: Sequence[float]

    @property
    def regret(self) -> float:
        """The mean regret."""
        return fmean(self.regrets)


@dataclass(frozen=True)
class Difference:
    """Mean regrets of a rival and of us at the same compute.

    ``error`` is the standard error of ``rival - ours`` over the runs or cohorts, which are the
    same for both; NaN of a single one.
    """

    used_frac: float
    rival: float
    ours: float
    error: float

    @property
    def less_frac(self) -> float:
        """By which share ours is less than the rival's; NaN of a rival without regret."""
        return 1.0 - self.ours / self.rival if self.rival else nan


def front(points: Sequence[Point]) -> list[Point]:
    """Return the lower convex hull from the cheapest point to the one of least regret."""
    hull: list[Point] = []
    for point in sorted(points, key=lambda each: (each.used_frac, each.regret)):
        while len(hull) > 1 and not _bends_up(hull[-2], hull[-1], point):
            hull.pop()
        if not hull or point.regret < hull[-1].regret:
            hull.append(point)
    return hull


def regrets_at(used_frac: float, points: Sequence[Point]) -> list[float]:
    """Return the regrets of the front at some compute, one for each run or cohort.

    Raises:
        ValueError: if even the cheapest setting uses more.
    """
    hull = front(points)
    if used_frac < hull[0].used_frac:
        raise ValueError(f"compute {used_frac:.3f}: at least {hull[0].used_frac:.3f} is used")
    if used_frac >= hull[-1].used_frac:
        return list(hull[-1].regrets)
    after = next(i for i, point in enumerate(hull) if point.used_frac > used_frac)
    one, other = hull[after - 1], hull[after]
    share = (used_frac - one.used_frac) / (other.used_frac - one.used_frac)
    return [(1.0 - share) * a + share * b for a, b in zip(one.regrets, other.regrets, strict=True)]


def compare(default: Point, ours: Sequence[Point], rival: Sequence[Point]) -> Difference:
    """Compare our default with what a rival reaches at its compute.

    A rival that cannot do with so little is met where it is cheapest, by our front.
    """
    used_frac = max(default.used_frac, min(point.used_frac for point in rival))
    theirs = regrets_at(used_frac, rival)
    is_default = used_frac == default.used_frac
    our = default.regrets if is_default else regrets_at(used_frac, ours)
    differences = [one - other for one, other in zip(theirs, our, strict=True)]
    num = len(differences)
    error = stdev(differences) / sqrt(num) if num > 1 else nan
    return Difference(used_frac, rival=fmean(theirs), ours=fmean(our), error=error)


def _bends_up(one: Point, middle: Point, other: Point) -> bool:
    """Whether the middle lies below the line between its neighbours."""
    share = (middle.used_frac - one.used_frac) / (other.used_frac - one.used_frac)
    return middle.regret < (1.0 - share) * one.regret + share * other.regret
