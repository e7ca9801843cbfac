"""FID against coverage, a point for each trial, with the Pareto front; from numbers to SVG."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, inf
from xml.etree.ElementTree import Element, SubElement

from orchestrator.report.canvas import (
    Size,
    canvas,
    draw_fid_axis,
    draw_linear_axis,
    draw_text,
    draw_title,
    markup,
)
from orchestrator.report.scale import FidFrame, fid_range
from orchestrator.wording import format_fid

SIZE = Size(560, 330, left=38, right=16, top=12, bottom=38)
_TENTHS = 10
_NAME_WIDTH = 90.0


@dataclass(frozen=True, kw_only=True)
class TrialPoint:
    """One trial's smoothed FID and its coverage, both finite."""

    name: str
    fid: float
    coverage: float
    on_front: bool
    is_selected: bool = False


def tradeoff_chart(points: Sequence[TrialPoint]) -> str:
    """Draw the trials and the line below which none lies; good is to the lower right."""
    frame = _frame(points)
    title = "Fréchet distance of every trial against coverage, log scale"
    svg = canvas(SIZE.width, SIZE.height, title)
    draw_fid_axis(svg, frame, SIZE.max_ticks)
    draw_linear_axis(svg, frame, SIZE.max_ticks)
    draw_text(svg, (frame.right, frame.bottom + 32), "coverage", "tick end")
    _draw_front(svg, points, frame)
    for point in sorted(points, key=lambda each: (each.is_selected, each.on_front)):
        _draw_point(svg, point, frame)
    return markup(svg)


def _frame(points: Sequence[TrialPoint]) -> FidFrame:
    """Fit the range of FID and the tenths of coverage around the points."""
    coverages = [point.coverage for point in points]
    low = floor(_TENTHS * min(coverages)) / _TENTHS
    high = max(ceil(_TENTHS * max(coverages)) / _TENTHS, low + 1 / _TENTHS)
    low_fid, high_fid = fid_range(([point.fid] for point in points), inf)
    return FidFrame(
        left=SIZE.left,
        top=SIZE.top,
        right=SIZE.width - SIZE.right,
        bottom=SIZE.height - SIZE.bottom,
        min_x=low,
        max_x=high,
        low_fid=low_fid,
        high_fid=high_fid,
    )


def _draw_front(svg: Element, points: Sequence[TrialPoint], frame: FidFrame) -> None:
    """Draw the stairs from the lowest FID up to the highest coverage."""
    on_front = sorted(
        (point for point in points if point.on_front), key=lambda each: (each.fid, -each.coverage)
    )
    path, reached = f"M{frame.left:g},", -inf
    for point in on_front:
        if point.coverage > reached:
            y, x = frame.y(point.fid), frame.x(point.coverage)
            path += f"{y:g}H{x:g}" if reached == -inf else f"V{y:g}H{x:g}"
            reached = point.coverage
    if on_front:
        SubElement(svg, "path", {"d": f"{path}V{frame.top:g}", "class": "front"})


def _draw_point(svg: Element, point: TrialPoint, frame: FidFrame) -> None:
    x, y = frame.x(point.coverage), frame.y(point.fid)
    kind = "point winner" if point.is_selected else "point on-front" if point.on_front else "point"
    radius = "5.5" if point.is_selected else "4"
    mark = SubElement(svg, "circle", {"cx": f"{x:g}", "cy": f"{y:g}", "r": radius, "class": kind})
    place = ", on the front" if point.on_front else ""
    text = f"{point.name}: FID {format_fid(point.fid)}, coverage {point.coverage:.3f}{place}"
    draw_title(mark, text)
    if point.is_selected:
        has_room = x > frame.left + _NAME_WIDTH  # to the left, where the front does not go up
        side, anchor = (x - 8, " end") if has_room else (x + 8, "")
        draw_text(svg, (side, y - 8), point.name, f"winner-label{anchor}")
