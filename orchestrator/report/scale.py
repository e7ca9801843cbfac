"""Where points lie on paper: across, the budget spent or coverage; upwards, FID or a share."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, floor, isfinite, log10
from statistics import median

_FALLBACK_RANGE = (0.1, 10.0)
_MIN_RATIO = 2.0  # a flat curve must not look like a mountain
_ROOM = 1.15  # free space above and below, as a factor
_TICK_DIGITS = ((1, 1.5, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
_CEILING_RATIO = 4.0  # a diverged trial must not press all others into the bottom line


@dataclass(frozen=True)
class Frame(ABC):
    """The rectangle that points are drawn in, in SVG units, with a linear axis across.

    Most often that is the budget, in kimg or in steps, which runs from 0. Values beyond an edge
    are drawn at that edge.
    """

    left: float
    top: float
    right: float
    bottom: float
    max_x: float
    min_x: float = field(default=0.0, kw_only=True)

    def x(self, value: float) -> float:
        """Place a value of the linear axis, such as a count of images or steps."""
        share = min(max((value - self.min_x) / (self.max_x - self.min_x), 0.0), 1.0)
        return round(self.left + share * (self.right - self.left), 1)

    @abstractmethod
    def y(self, value: float) -> float:
        """Place what was measured."""


@dataclass(frozen=True)
class FidFrame(Frame):
    """A frame with a logarithmic axis of FID, and the values at its lower and upper edge."""

    low_fid: float
    high_fid: float

    def y(self, value: float) -> float:
        """Place a Fréchet distance; one at or below zero lies at the bottom."""
        inside = min(max(value, self.low_fid), self.high_fid)
        low, high = log10(self.low_fid), log10(self.high_fid)  # their ratio may overflow
        share = (log10(inside) - low) / (high - low)
        return round(self.bottom - share * (self.bottom - self.top), 1)


@dataclass(frozen=True)
class ShareFrame(Frame):
    """A frame with a linear axis from 0 to 1."""

    def y(self, value: float) -> float:
        """Place a share."""
        inside = min(max(value, 0.0), 1.0)
        return round(self.bottom - inside * (self.bottom - self.top), 1)


def fid_range(curves: Iterable[Iterable[float]], floor_fid: float) -> tuple[float, float]:
    """Return the lowest and highest FID that the charts show.

    The top is cut at four times the median of the first values, so that one diverged trial does
    not hide the others.
    """
    finite = [[fid for fid in curve if isfinite(fid) and fid > 0] for curve in curves]
    values = [fid for curve in finite for fid in curve]
    if not values:
        return _FALLBACK_RANGE
    ceiling = _CEILING_RATIO * median(curve[0] for curve in finite if curve)
    low = min([*values, floor_fid]) if floor_fid > 0 else min(values)
    high = max(min(max(values), ceiling), _MIN_RATIO * low)
    return low / _ROOM, high * _ROOM


def log_ticks(low: float, high: float, max_ticks: int) -> list[float]:
    """Return round values within a range, as many as fit.

    >>> log_ticks(0.8, 30.0, 6)
    [1.0, 2.0, 5.0, 10.0, 20.0]
    """
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    for digits in _TICK_DIGITS:
        ticks = (round(digit * 10.0**power, 12) for power in powers for digit in digits)
        inside = [tick for tick in ticks if low <= tick <= high]
        if len(inside) <= max_ticks:
            return inside
    return inside[:: ceil(len(inside) / max_ticks)]


def linear_ticks(high: float, max_ticks: int) -> list[float]:
    """Return round values from 0 to at most ``high``, evenly spaced.

    >>> linear_ticks(250.0, 6)
    [0.0, 50.0, 100.0, 150.0, 200.0, 250.0]
    """
    power = 10.0 ** (floor(log10(high)) - 1)
    steps = (factor * power for factor in (1, 2, 2.5, 5, 10, 20, 25, 50, 100))
    step = next(step for step in steps if high / step <= max_ticks - 1 + 1e-9)
    return [round(index * step, 12) for index in range(int(high / step + 1e-9) + 1)]
