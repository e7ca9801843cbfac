"""Curves of FID against images seen, as SVG; pure functions from numbers to markup.

Shapes carry the meaning as well as colours do, and every mark says on hovering what it is.
Colours come from the page's style sheet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from math import inf, isfinite
from xml.etree.ElementTree import Element, SubElement, tostring

from orchestrator.records import StoppedBy, VerdictKind
from orchestrator.report.scale import Frame, fid_range, linear_ticks, log_ticks

COHORT_ID = "cohort"
_LINE_HEIGHT = 15.0


class Mark(StrEnum):
    """What the end of a curve means."""

    RUNNING = "still running"
    BUDGET = "ran its budget"
    FLAT = "no further gain expected"
    OUTCLASSED = "outclassed by others"
    UNSOUND = "going wrong"
    BROKEN = "broken"


_UNSOUND = {
    VerdictKind.OSCILLATING,
    VerdictKind.DEGRADED,
    VerdictKind.JUNK_FEEDBACK,
    VerdictKind.DISCRIMINATOR_OVERPOWERED,
}
_BROKEN = {VerdictKind.COLLAPSED, VerdictKind.DIVERGED, VerdictKind.DEAD}


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One trial's FID over images seen, and how it ended.

    ``label`` is the name and more, for hovering. ``chosen_kimg`` is where the snapshot that is
    handed over was taken, in the winner's curve.
    """

    kimg: tuple[float, ...]
    fid: tuple[float, ...]
    name: str
    label: str
    mark: Mark
    is_winner: bool = False
    chosen_kimg: float | None = None

    @property
    def points(self) -> list[tuple[float, float]]:
        """Pairs of kimg and FID."""
        return list(zip(self.kimg, self.fid, strict=True))

    @property
    def last_finite(self) -> tuple[float, float] | None:
        """The last point that can be drawn."""
        return next((point for point in reversed(self.points) if isfinite(point[1])), None)


@dataclass(frozen=True)
class Size:
    """Width and height of a chart in SVG units, and the margins that its labels need."""

    width: float
    height: float
    left: float = 38
    right: float = 12
    top: float = 10
    bottom: float = 24
    max_ticks: int = 8
    has_labels: bool = False


WIDE = Size(1120, 400, right=92, has_labels=True)
NARROW = Size(380, 300, right=12, max_ticks=6)
SMALL = Size(300, 132, left=30, right=10, top=8, bottom=18, max_ticks=4)


def end_mark(stopped_by: StoppedBy | None, verdict: VerdictKind | None) -> Mark:
    """Say what the end of a trial's curve means."""
    if stopped_by is None:
        return Mark.RUNNING
    if verdict in _BROKEN or stopped_by is StoppedBy.ERROR:
        return Mark.BROKEN
    if stopped_by is StoppedBy.SCHEDULER:
        return Mark.OUTCLASSED
    if verdict in _UNSOUND:
        return Mark.UNSOUND
    return Mark.BUDGET if stopped_by is StoppedBy.BUDGET else Mark.FLAT


def fit_frame(curves: Sequence[Curve], size: Size, *, budget_kimg: float, floor: float) -> Frame:
    """Return the frame that all charts of one size share, so that they can be compared."""
    seen = [kimg for curve in curves for kimg in curve.kimg]
    budget = [budget_kimg] if isfinite(budget_kimg) else []
    low, high = fid_range((curve.fid for curve in curves), floor)
    return Frame(
        left=size.left,
        top=size.top,
        right=size.width - size.right,
        bottom=size.height - size.bottom,
        max_kimg=max([*seen, *budget], default=0.0) or 1.0,
        low_fid=low,
        high_fid=high,
    )


def overview(curves: Sequence[Curve], size: Size, frame: Frame, *, floor: float) -> str:
    """Draw every trial's curve, the winner's on top, and what real samples score."""
    svg = _canvas(size, "Fréchet distance of every trial against images seen, log scale")
    _draw_axes(svg, frame, size)
    _draw_floor(svg, frame, floor)
    for curve in sorted(curves, key=lambda curve: curve.is_winner):
        _draw_curve(svg, curve, frame)
    if size.has_labels:
        _draw_labels(svg, curves, frame, floor)
    return _markup(svg)


def cohort(curves: Iterable[Curve], frame: Frame) -> str:
    """Draw all curves once, unseen: the small charts refer to them as their background."""
    svg = Element("svg", {"class": "defs", "width": "0", "height": "0", "aria-hidden": "true"})
    group = SubElement(SubElement(svg, "defs"), "g", id=COHORT_ID)
    for curve in curves:
        _draw_line(group, curve, frame, "background")
    return _markup(svg)


def small_multiple(curve: Curve, frame: Frame, *, floor: float) -> str:
    """Draw one trial's curve before the background of all (see :func:`cohort`)."""
    svg = _canvas(SMALL, f"Fréchet distance of {curve.label}")
    _draw_axes(svg, frame, SMALL)
    SubElement(svg, "use", href=f"#{COHORT_ID}")
    _draw_floor(svg, frame, floor)
    _draw_curve(svg, curve, frame)
    return _markup(svg)


def legend_glyph(mark: Mark) -> str:
    """Draw the mark of a curve's end on its own."""
    svg = Element("svg", {"viewBox": "-8 -8 16 16", "class": "glyph", "aria-hidden": "true"})
    SubElement(svg, "path", {"d": _mark_path(mark, 0, 0), "class": _mark_class(mark)})
    return _markup(svg)


def _canvas(size: Size, title: str) -> Element:
    box = f"0 0 {size.width:g} {size.height:g}"
    svg = Element("svg", {"viewBox": box, "role": "img", "class": "chart"})
    SubElement(svg, "title").text = title
    return svg


def _draw_axes(svg: Element, frame: Frame, size: Size) -> None:
    for tick in log_ticks(frame.low_fid, frame.high_fid, size.max_ticks):
        y = frame.y(tick)
        _draw_line_between(svg, (frame.left, y), (frame.right, y), "grid")
        _draw_text(svg, (frame.left - 6, y + 3.5), f"{tick:g}", "tick end")
    for tick in linear_ticks(frame.max_kimg, size.max_ticks):
        x = frame.x(tick)
        _draw_line_between(svg, (x, frame.bottom), (x, frame.bottom + 3), "axis")
        _draw_text(svg, (x, frame.bottom + 15), f"{tick:g}", "tick middle")
    _draw_line_between(svg, (frame.left, frame.bottom), (frame.right, frame.bottom), "axis")


def _draw_floor(svg: Element, frame: Frame, floor: float) -> None:
    if not isfinite(floor):
        return
    y = frame.y(floor)
    line = _draw_line_between(svg, (frame.left, y), (frame.right, y), "floor")
    SubElement(line, "title").text = f"real samples against real samples: {floor:.3g}"


def _draw_labels(svg: Element, curves: Sequence[Curve], frame: Frame, floor: float) -> None:
    """Name the floor at the right edge, and the winner at its end, out of the floor's way."""
    floor_y = frame.y(floor) + 4 if isfinite(floor) else inf
    if isfinite(floor):
        _draw_text(svg, (frame.right + 10, floor_y), f"real {floor:.3g}", "floor-label")
    for curve in curves:
        if curve.is_winner and curve.last_finite:
            x, y = frame.x(curve.last_finite[0]), frame.y(curve.last_finite[1]) + 4
            at = (x + 10, min(y, floor_y - _LINE_HEIGHT))
            _draw_text(svg, at, curve.name, "winner-label")


def _draw_curve(svg: Element, curve: Curve, frame: Frame) -> None:
    name = "winner" if curve.is_winner else curve.mark.name.lower()
    group = SubElement(svg, "g", {"class": f"trial {name}"})
    SubElement(group, "title").text = f"{curve.label}: {curve.mark}"
    _draw_line(group, curve, frame, "curve")
    _draw_nan_points(group, curve, frame)
    _draw_chosen(group, curve, frame)
    if curve.last_finite:
        x, y = frame.x(curve.last_finite[0]), frame.y(curve.last_finite[1])
        path = _mark_path(curve.mark, x, y)
        SubElement(group, "path", {"d": path, "class": _mark_class(curve.mark)})


def _draw_line(parent: Element, curve: Curve, frame: Frame, name: str) -> None:
    """Draw the finite stretches of a curve; a NaN interrupts it."""
    stretches = [
        [(frame.x(kimg), frame.y(fid)) for kimg, fid in points]
        for is_number, points in groupby(curve.points, key=lambda point: isfinite(point[1]))
        if is_number
    ]
    if stretches:
        path = "".join("M" + "L".join(f"{x:g},{y:g}" for x, y in line) for line in stretches)
        SubElement(parent, "path", {"d": path, "class": name})


def _draw_nan_points(parent: Element, curve: Curve, frame: Frame) -> None:
    for kimg, fid in curve.points:
        if not isfinite(fid):
            x, y = frame.x(kimg), frame.top
            path = f"M{x - 4:g},{y:g}h8l-4,7z"
            mark = SubElement(parent, "path", {"d": path, "class": "mark nan"})
            SubElement(mark, "title").text = f"{curve.label}: not a number at {kimg:g} kimg"


def _draw_chosen(parent: Element, curve: Curve, frame: Frame) -> None:
    for kimg, fid in curve.points:
        if kimg == curve.chosen_kimg and isfinite(fid):
            at = {"cx": f"{frame.x(kimg):g}", "cy": f"{frame.y(fid):g}", "r": "5.5"}
            ring = SubElement(parent, "circle", {**at, "class": "chosen"})
            SubElement(ring, "title").text = f"{curve.label}: handed over, from {kimg:g} kimg"


def _mark_class(mark: Mark) -> str:
    return f"mark {mark.name.lower()}"


def _mark_path(mark: Mark, x: float, y: float) -> str:
    shapes = {
        Mark.RUNNING: f"M{x - 1.5:g},{y - 4:g}l5,4l-5,4z",
        Mark.BUDGET: f"M{x - 3:g},{y:g}a3,3 0 1 0 6,0a3,3 0 1 0 -6,0z",
        Mark.FLAT: f"M{x - 3:g},{y - 3:g}h6v6h-6z",
        Mark.OUTCLASSED: f"M{x:g},{y - 5:g}v10",
        Mark.UNSOUND: f"M{x:g},{y - 4:g}l4,7h-8z",
        Mark.BROKEN: f"M{x - 4:g},{y - 4:g}l8,8m0,-8l-8,8",
    }
    return shapes[mark]


def _draw_line_between(
    parent: Element, start: tuple[float, float], end: tuple[float, float], name: str
) -> Element:
    path = f"M{start[0]:g},{start[1]:g}L{end[0]:g},{end[1]:g}"
    return SubElement(parent, "path", {"d": path, "class": name})


def _draw_text(parent: Element, at: tuple[float, float], text: str, name: str) -> None:
    element = SubElement(parent, "text", {"x": f"{at[0]:g}", "y": f"{at[1]:g}", "class": name})
    element.text = text


def _markup(svg: Element) -> str:
    return tostring(svg, encoding="unicode")
