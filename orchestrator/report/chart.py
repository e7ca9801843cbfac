"""Curves of FID against images seen, as SVG; pure functions from numbers to markup.

Shapes carry the meaning as well as colours do, and every mark says on hovering what it is.
Colours come from the page's style sheet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf, isfinite
from xml.etree.ElementTree import Element, SubElement

from orchestrator.records import StoppedBy, TrialStatus, VerdictKind
from orchestrator.report.canvas import (
    Size,
    canvas,
    draw_fid_axis,
    draw_line,
    draw_linear_axis,
    draw_nan_points,
    draw_ring,
    draw_segment,
    draw_text,
    draw_title,
    markup,
)
from orchestrator.report.scale import FidFrame, Frame, fid_range
from orchestrator.report.verdicts import Tone, verdict_tone

COHORT_ID = "cohort"
_LINE_HEIGHT = 15.0


class Mark(StrEnum):
    """What the end of a curve means."""

    RUNNING = "still running"
    PAUSED = "paused"
    BUDGET = "ran its budget"
    FLAT = "no further gain expected"
    OUTCLASSED = "outclassed by others"
    CUT = "cut short by a cap"
    UNSOUND = "going wrong"
    BROKEN = "broken"


_UNSOUND = {kind for kind in VerdictKind if verdict_tone(kind) is Tone.WARN}
_BROKEN = {kind for kind in VerdictKind if verdict_tone(kind) is Tone.BAD}


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


WIDE = Size(1120, 400, right=92, has_labels=True)
NARROW = Size(380, 300, right=12, max_ticks=6)
SMALL = Size(300, 132, left=30, right=10, top=8, bottom=18, max_ticks=4)


def end_mark(
    status: TrialStatus, stopped_by: StoppedBy | None, verdict: VerdictKind | None
) -> Mark:
    """Say what the end of a trial's curve means."""
    if stopped_by is None:
        return Mark.PAUSED if status is TrialStatus.PAUSED else Mark.RUNNING
    if verdict in _BROKEN or stopped_by is StoppedBy.ERROR:
        return Mark.BROKEN
    if stopped_by is StoppedBy.SCHEDULER:
        return Mark.OUTCLASSED
    if stopped_by is StoppedBy.CAP:
        return Mark.CUT
    if verdict in _UNSOUND:
        return Mark.UNSOUND
    return Mark.BUDGET if stopped_by is StoppedBy.BUDGET else Mark.FLAT


def stop_mark(verdict: VerdictKind) -> Mark:
    """Say what a stop by this verdict means."""
    if verdict in _BROKEN:
        return Mark.BROKEN
    return Mark.UNSOUND if verdict in _UNSOUND else Mark.FLAT


def fit_frame(curves: Sequence[Curve], size: Size, *, budget_kimg: float, floor: float) -> FidFrame:
    """Return the frame that all charts of one size share, so that they can be compared."""
    seen = [kimg for curve in curves for kimg in curve.kimg]
    budget = [budget_kimg] if isfinite(budget_kimg) else []
    low, high = fid_range((curve.fid for curve in curves), floor)
    return FidFrame(
        left=size.left,
        top=size.top,
        right=size.width - size.right,
        bottom=size.height - size.bottom,
        max_x=max([*seen, *budget], default=0.0) or 1.0,
        low_fid=low,
        high_fid=high,
    )


def overview(curves: Sequence[Curve], size: Size, frame: FidFrame, *, floor: float) -> str:
    """Draw every trial's curve, the winner's on top, and what real samples score."""
    title = "Fréchet distance of every trial against images seen, log scale"
    svg = _empty(size, title, frame)
    _draw_floor(svg, frame, floor)
    for curve in sorted(curves, key=lambda curve: curve.is_winner):
        _draw_curve(svg, curve, frame)
    if size.has_labels:
        _draw_labels(svg, curves, frame, floor)
    return markup(svg)


def cohort(curves: Iterable[Curve], frame: Frame) -> str:
    """Draw all curves once, unseen: the small charts refer to them as their background."""
    svg = Element("svg", {"class": "defs", "width": "0", "height": "0", "aria-hidden": "true"})
    group = SubElement(SubElement(svg, "defs"), "g", id=COHORT_ID)
    for curve in curves:
        draw_line(group, curve.points, frame, "background")
    return markup(svg)


def small_multiple(curve: Curve, frame: FidFrame, *, floor: float) -> str:
    """Draw one trial's curve before the background of all (see :func:`cohort`)."""
    svg = _empty(SMALL, f"Fréchet distance of {curve.label}", frame)
    SubElement(svg, "use", href=f"#{COHORT_ID}")
    _draw_floor(svg, frame, floor)
    _draw_curve(svg, curve, frame)
    return markup(svg)


def legend_glyph(mark: Mark) -> str:
    """Draw the mark of a curve's end on its own."""
    svg = Element("svg", {"viewBox": "-8 -8 16 16", "class": "glyph", "aria-hidden": "true"})
    draw_mark(svg, mark, 0, 0)
    return markup(svg)


def _empty(size: Size, title: str, frame: FidFrame) -> Element:
    svg = canvas(size.width, size.height, title)
    draw_fid_axis(svg, frame, size.max_ticks)
    draw_linear_axis(svg, frame, size.max_ticks)
    return svg


def _draw_floor(svg: Element, frame: Frame, floor: float) -> None:
    if not isfinite(floor):
        return
    y = frame.y(floor)
    line = draw_segment(svg, (frame.left, y), (frame.right, y), "floor")
    draw_title(line, f"real samples against real samples: {floor:.3g}")


def _draw_labels(svg: Element, curves: Sequence[Curve], frame: Frame, floor: float) -> None:
    """Name the floor at the right edge, and the winner at its end, out of the floor's way."""
    floor_y = frame.y(floor) + 4 if isfinite(floor) else inf
    if isfinite(floor):
        draw_text(svg, (frame.right + 10, floor_y), f"real {floor:.3g}", "floor-label")
    for curve in curves:
        if curve.is_winner and curve.last_finite:
            x, y = frame.x(curve.last_finite[0]), frame.y(curve.last_finite[1]) + 4
            at = (x + 10, min(y, floor_y - _LINE_HEIGHT))
            draw_text(svg, at, curve.name, "winner-label")


def _draw_curve(svg: Element, curve: Curve, frame: Frame) -> None:
    name = "winner" if curve.is_winner else curve.mark.name.lower()
    group = SubElement(svg, "g", {"class": f"trial {name}"})
    draw_title(group, f"{curve.label}: {curve.mark}")
    draw_line(group, curve.points, frame, "curve")
    draw_nan_points(group, curve.points, frame, label=curve.label, place=_place)
    _draw_chosen(group, curve, frame)
    if curve.last_finite:
        x, y = frame.x(curve.last_finite[0]), frame.y(curve.last_finite[1])
        draw_mark(group, curve.mark, x, y)


def _draw_chosen(parent: Element, curve: Curve, frame: Frame) -> None:
    for kimg, fid in curve.points:
        if kimg == curve.chosen_kimg and isfinite(fid):
            title = f"{curve.label}: handed over, from {_place(kimg)}"
            draw_ring(parent, (frame.x(kimg), frame.y(fid)), title)


def draw_mark(parent: Element, mark: Mark, x: float, y: float) -> Element:
    """Draw the mark of a curve's end around a point of the canvas."""
    attributes = {"d": _mark_path(mark, x, y), "class": f"mark {mark.name.lower()}"}
    return SubElement(parent, "path", attributes)


def _place(kimg: float) -> str:
    return f"{kimg:g} kimg"


def _mark_path(mark: Mark, x: float, y: float) -> str:
    shapes = {
        Mark.RUNNING: f"M{x - 1.5:g},{y - 4:g}l5,4l-5,4z",
        Mark.PAUSED: f"M{x:g},{y - 4:g}v8m3.5,-8v8",
        Mark.BUDGET: f"M{x - 3:g},{y:g}a3,3 0 1 0 6,0a3,3 0 1 0 -6,0z",
        Mark.FLAT: f"M{x - 3:g},{y - 3:g}h6v6h-6z",
        Mark.OUTCLASSED: f"M{x:g},{y - 5:g}v10",
        Mark.CUT: f"M{x:g},{y - 4:g}l4,4l-4,4l-4,-4z",
        Mark.UNSOUND: f"M{x:g},{y - 4:g}l4,7h-8z",
        Mark.BROKEN: f"M{x - 4:g},{y - 4:g}l8,8m0,-8l-8,8",
    }
    return shapes[mark]
