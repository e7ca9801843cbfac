"""What became of a run, read off its truth alone: pure functions of true distance and modes.

An intention is no label: what was meant to diverge often collapses instead. The thresholds are
about true quantities that no rule of the project ever sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from statistics import median

import numpy as np

SMOOTHED_OVER = 3  # rows: the truth is measured with noise, too


@dataclass(frozen=True)
class TrueCurve:
    """The finite rows of a run: distance, mode mass and spread; and whether it stayed finite."""

    distance: Sequence[float]
    mode_mass: Sequence[float]
    spread: Sequence[float]
    is_finite: bool


@dataclass(frozen=True)
class Label:
    """What a run became. ``is_viable`` says whether its best is worth having in its family."""

    kind: str
    is_viable: bool


def smoothed(values: Sequence[float]) -> list[float]:
    """Return the centred running median of three."""
    reach = SMOOTHED_OVER // 2
    return [median(values[max(0, i - reach) : i + reach + 1]) for i in range(len(values))]


def label_run(curve: TrueCurve, *, family_best: float) -> Label:
    """Say what became of a run.

    Args:
        curve: from the untrained state to the end of the budget, or to the last finite row.
        family_best: the lowest smoothed distance of any run of its family.
    """
    distance, modes = smoothed(curve.distance), smoothed(curve.mode_mass)
    left = (min(distance) - family_best) / (distance[0] - family_best)
    is_viable = left <= 0.35 and max(modes) >= 0.4
    if not curve.is_finite:
        return Label("dead", is_viable)
    return Label(_end(curve, distance, modes, left), is_viable)


def _end(curve: TrueCurve, distance: list[float], modes: list[float], left: float) -> str:
    """Name the end; the more telling name comes first: few things over and over, then far off."""
    worse, untrained = distance[-1] / min(distance), curve.distance[0]
    makes_few_things = modes[-1] < 0.25 and curve.spread[-1] < 0.5
    if min(distance) > 0.85 * untrained and distance[-1] < 1.1 * untrained:  # it has not learnt yet
        if _still_gains(distance):
            return "improving"
        return "collapsed" if makes_few_things else "plateaued"
    if makes_few_things:
        return "collapsed"
    if distance[-1] > 1.3 * untrained:
        return "diverged"
    if max(modes) >= 0.2 and modes[-1] < 0.5 * max(modes) and worse > 1.2:
        return "collapsed"
    if _oscillates(distance):
        return "oscillating"
    if worse > 1.12 and distance[-1] - min(distance) > 0.02 * distance[0]:
        return "degraded"
    if _still_gains(distance):
        return "improving"
    return "converged" if left <= 0.10 and modes[-1] >= 0.7 else "plateaued"


def _oscillates(distance: list[float]) -> bool:
    """Whether the latter half swings by a fifth around its trend, to and fro more than twice."""
    late = np.log(distance[len(distance) // 2 :])
    time = np.arange(len(late))
    residual = late - np.polyval(np.polyfit(time, late, 1), time)
    swings = [value for value in residual if abs(value) > 0.1]
    turns = sum((one > 0) != (other > 0) for one, other in pairwise(swings))
    return float(residual.std()) > 0.2 and turns >= 3


def _still_gains(distance: list[float]) -> bool:
    """Whether the last third lowered the best distance by four percent, a FID by about eight."""
    start = 2 * len(distance) // 3
    return log(min(distance[:start]) / min(distance[start:])) > log(1.04)
