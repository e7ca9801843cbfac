"""Where shares of compute and regrets lie on paper, and where their ticks are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from orchestrator.report.scale import Frame, log_ticks

_LEAST = 1e-4  # of a logarithmic axis


@dataclass(frozen=True)
class Axis:
    """A range of values with its ticks; ``is_log`` if powers are evenly spaced."""

    low: float
    high: float
    ticks: Sequence[float]
    is_log: bool = False

    def share(self, value: float) -> float:
        """Return where a value lies between the low end, 0, and the high one, 1."""
        if self.is_log:
            return log10(max(value, self.low) / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def write(self, tick: float) -> str:
        """Write a tick: percent on a linear axis."""
        if self.is_log:
            return f"{tick:g}"
        return f"{100 * tick:+.0f} %" if round(100 * tick) else "0 %"


@dataclass(frozen=True)
class PlotFrame(Frame):
    """A frame with an axis of compute and one of regret; what lies beyond is not moved inside."""

    across: Axis = field(kw_only=True)
    upwards: Axis = field(kw_only=True)

    def x(self, value: float) -> float:
        """Place a share of the compute."""
        return round(self.left + self.across.share(value) * (self.right - self.left), 1)

    def y(self, value: float) -> float:
        """Place a regret."""
        return round(self.bottom - self.upwards.share(value) * (self.bottom - self.top), 1)


def compute_axis(least: float) -> Axis:
    """Return an axis of shares of the compute from a bit below the least to the whole."""
    low = floor(20 * (least - 0.02)) / 20
    return Axis(low, 1.02, [tenth / 10 for tenth in range(ceil(10 * low), 11)])


def log_axis(lowest: float, highest: float) -> Axis:
    """Return a logarithmic axis with room around these values."""
    low, high = 0.8 * max(lowest, _LEAST), 1.25 * max(highest, 2 * _LEAST)
    return Axis(low, high, log_ticks(low, high, 7), is_log=True)


def percent_axis(lowest: float, highest: float) -> Axis:
    """Return a linear axis from just below 0, or the lowest, to a tick above the highest."""
    step = 0.05 if highest - lowest < 0.35 else 0.1
    low = min(lowest, 0.0) - 0.3 * step
    last = max(ceil(highest / step), 1)
    ticks = [step * number for number in range(ceil(low / step), last + 1)]
    return Axis(low, ticks[-1], ticks)
