"""One judged curve as SVG: FID above, coverage below it, and a band with the verdict at each row.

All three share the axis of the budget. What lies after the stop is drawn faint.
"""

from dataclasses import dataclass
from functools import cached_property
from math import isfinite, nan
from xml.etree.ElementTree import Element, SubElement

from orchestrator.records import VerdictKind
from orchestrator.report.canvas import (
    Point,
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
from orchestrator.report.chart import Mark, draw_mark, stop_mark
from orchestrator.report.judged.unit import Unit
from orchestrator.report.judged.view import JudgedRun, Pause, Span
from orchestrator.report.scale import FidFrame, Frame, ShareFrame, fid_range
from orchestrator.report.verdicts import verdict_tone
from orchestrator.wording import format_fid, format_verdict

_COVERAGE_HEIGHT, _BAND_HEIGHT, _GAP = 40.0, 12.0, 14.0
_AXIS_HEIGHT = 24.0
_LETTER_WIDTH = 6.5
_MIN_SPAN_WIDTH = 2.0  # a verdict at one row must be seen
_PAUSE_RADIUS, _PAUSE_BARS_WIDTH = 6.5, 3.5


@dataclass(frozen=True)
class Layout:
    """Where a chart has its parts, in SVG units."""

    width: float
    left: float
    max_ticks: int
    max_fid_ticks: int = 6
    fid_height: float = 150.0
    top: float = 12.0
    right: float = 16.0


WIDE = Layout(800, left=86, max_ticks=8)
NARROW = Layout(360, left=76, max_ticks=4, fid_height=130.0)


@dataclass(frozen=True)
class Frames:
    """The frames of a run's chart, one below the other; ``coverage`` only where it was measured."""

    run: JudgedRun
    layout: Layout

    @cached_property
    def fid(self) -> FidFrame:
        """The frame of FID."""
        low, high = fid_range([self.run.fid], nan)
        left, top, right, bottom = self._edges(self.layout.top, self.layout.fid_height)
        return FidFrame(left, top, right, bottom, self._max_budget, low, high)

    @cached_property
    def coverage(self) -> ShareFrame | None:
        """The frame of coverage."""
        if not self.run.has_coverage:
            return None
        edges = self._edges(self.fid.bottom + _GAP, _COVERAGE_HEIGHT)
        return ShareFrame(*edges, self._max_budget)

    @cached_property
    def band(self) -> ShareFrame:
        """The frame of the verdicts, of which only the axis of the budget has a meaning."""
        above = self.coverage or self.fid
        return ShareFrame(*self._edges(above.bottom + _GAP, _BAND_HEIGHT), self._max_budget)

    @property
    def height(self) -> float:
        """Height of the chart."""
        return self.band.bottom + _AXIS_HEIGHT

    @property
    def _max_budget(self) -> float:
        return self.run.budget[-1] if self.run.budget[-1] > 0 else 1.0

    def _edges(self, top: float, height: float) -> tuple[float, float, float, float]:
        layout = self.layout
        return layout.left, top, layout.width - layout.right, top + height


def judged_chart(run: JudgedRun, layout: Layout) -> str:
    """Draw a run with the marks of what was decided on it."""
    frames = Frames(run, layout)
    svg = canvas(layout.width, frames.height, _describe(run))
    _draw_after(svg, run, frames)
    _draw_axes(svg, run, frames)
    fid = list(zip(run.budget, run.fid, strict=True))
    _draw_halves(svg, fid, frames.fid, run.stop)
    if frames.coverage:
        coverage = [row.coverage for row in run.rows]
        points = list(zip(run.budget, coverage, strict=True))
        _draw_halves(svg, points, frames.coverage, run.stop)
    draw_nan_points(svg, fid, frames.fid, label="FID", place=run.unit.place)
    for span in run.spans:
        _draw_span(svg, run, span, frames.band)
    if run.stop is not None:
        _draw_from(svg, run.budget[run.stop], frames.band, frames.band).set("class", "fade")
    for pause in run.pauses:
        _draw_pause(svg, run, pause, frames)
    _draw_best(svg, run, frames.fid)
    _draw_end(svg, run, frames)
    return markup(svg)


def verdict_key(verdict: VerdictKind) -> str:
    """Draw a piece of the band, for the legend."""
    svg = Element("svg", {"viewBox": "0 0 24 12", "class": "span-key", "aria-hidden": "true"})
    draw_segment(svg, (0, 6), (24, 6), _span_class(verdict))
    return markup(svg)


def pause_key() -> str:
    """Draw the mark of a pause on its own, for the legend."""
    svg = Element("svg", {"viewBox": "-8 -8 16 16", "class": "glyph", "aria-hidden": "true"})
    _draw_pause_mark(SubElement(svg, "g", {"class": "pause"}), (0, 0))
    return markup(svg)


def _describe(run: JudgedRun) -> str:
    decided = f"{format_verdict(run.verdict)}, "
    decided += "not stopped" if run.stop is None else f"stopped at {run.place(run.stop)}"
    over = "steps" if run.unit is Unit.STEPS else "thousands of images"
    return f"Fréchet distance of {run.name} over {over}: {decided}"


def _draw_after(svg: Element, run: JudgedRun, frames: Frames) -> None:
    """Lay a ground under what lies after the stop."""
    if run.stop is not None:
        ground = _draw_from(svg, run.budget[run.stop], frames.fid, frames.band)
        ground.set("class", "saved")
        draw_title(ground, f"would have been saved: {run.unit.amount(run.saved(run.unit))}")


def _draw_from(svg: Element, budget: float, highest: Frame, lowest: Frame) -> Element:
    """Draw a rectangle from a place on the budget to its end, over all frames between two."""
    left, top, right, bottom = highest.x(budget), highest.top, highest.right, lowest.bottom
    path = f"M{left:g},{top:g}H{right:g}V{bottom:g}H{left:g}z"
    return SubElement(svg, "path", {"d": path})


def _draw_axes(svg: Element, run: JudgedRun, frames: Frames) -> None:
    draw_fid_axis(svg, frames.fid, frames.layout.max_fid_ticks)
    _draw_name(svg, "FID", frames.fid)
    if frames.coverage:
        for share in (0, 1):
            y = frames.coverage.y(share)
            draw_segment(svg, (frames.coverage.left, y), (frames.coverage.right, y), "grid")
            draw_text(svg, (frames.coverage.left - 6, y + 3.5), str(share), "tick end")
        _draw_name(svg, "coverage", frames.coverage)
    _draw_name(svg, "verdict", frames.band)
    draw_linear_axis(svg, frames.band, frames.layout.max_ticks)
    draw_text(svg, (0, frames.band.bottom + 15), run.unit.value, "name")


def _draw_name(svg: Element, name: str, frame: Frame) -> None:
    draw_text(svg, (0, (frame.top + frame.bottom) / 2 + 4), name, "name")


def _draw_halves(svg: Element, points: list[Point], frame: Frame, stop: int | None) -> None:
    """Draw a curve up to the stop, and faintly from there on."""
    if stop is not None:
        draw_line(svg, points[stop:], frame, "curve after")
        points = points[: stop + 1]
    draw_line(svg, points, frame, "curve before")


def _draw_span(svg: Element, run: JudgedRun, span: Span, frame: Frame) -> None:
    """Draw a verdict from its first row to the first row of the next one."""
    end = min(span.last + 1, len(run.rows) - 1)
    left = min(frame.x(run.budget[span.first]), frame.right - _MIN_SPAN_WIDTH)
    right = max(frame.x(run.budget[end]), left + _MIN_SPAN_WIDTH)
    y = (frame.top + frame.bottom) / 2
    group = SubElement(svg, "g")
    draw_segment(group, (left, y), (right, y), "span-ground")  # thin lines are hard to point at
    draw_segment(group, (left, y), (right, y), _span_class(span.verdict))
    first, last = run.place(span.first), run.place(span.last)
    where = f"at {first}" if span.first == span.last else f"from {first} to {last}"
    draw_title(group, f"{format_verdict(span.verdict)} {where}")


def _draw_pause(svg: Element, run: JudgedRun, pause: Pause, frames: Frames) -> None:
    group = SubElement(svg, "g", {"class": "pause"})
    draw_title(group, f"paused at {run.place(pause.row)}: {pause.reason}")
    x = frames.fid.x(run.budget[pause.row])
    draw_segment(group, (x, frames.fid.top), (x, frames.band.bottom), "pause-line")
    _draw_pause_mark(group, (x, _last_y(run, pause.row, frames.fid)))


def _draw_pause_mark(group: Element, at: Point) -> None:
    x, y = at
    circle = {"cx": f"{x:g}", "cy": f"{y:g}", "r": f"{_PAUSE_RADIUS:g}", "class": "pause-ground"}
    SubElement(group, "circle", circle)
    draw_mark(group, Mark.PAUSED, x - _PAUSE_BARS_WIDTH / 2, y)


def _draw_best(svg: Element, run: JudgedRun, frame: Frame) -> None:
    if run.best is not None:
        fid, place = format_fid(run.best_fid), run.place(run.best)
        what = "best checkpoint, kept" if run.is_kept else "best checkpoint, rejected"
        at = (frame.x(run.budget[run.best]), frame.y(run.best_fid))
        draw_ring(svg, at, f"{what}: FID {fid} at {place}")


def _draw_end(svg: Element, run: JudgedRun, frames: Frames) -> None:
    """Mark where the run was stopped, or that it went on to its last row."""
    end = len(run.rows) - 1 if run.stop is None else run.stop
    at = frames.fid.x(run.budget[end]), _last_y(run, end, frames.fid)
    if run.stop is None:
        _draw_go_on(svg, at, f"{format_verdict(run.verdict)}: not stopped by {run.place(end)}")
    else:
        group = SubElement(svg, "g", {"class": f"stop {verdict_tone(run.verdict)}"})
        draw_title(group, f"{format_verdict(run.verdict)}: stopped at {run.place(end)}")
        _draw_stop(group, run.verdict, at, frames)


def _draw_go_on(svg: Element, at: Point, title: str) -> None:
    x, y = at
    mark = draw_mark(svg, Mark.RUNNING, x + 8, y)  # beyond the end, where a ring may lie
    draw_title(mark, title)


def _draw_stop(group: Element, verdict: VerdictKind, at: Point, frames: Frames) -> None:
    x, y = at
    draw_segment(group, (x, frames.fid.top), (x, frames.band.bottom), "stop-line")
    draw_mark(group, stop_mark(verdict), x, y)
    _draw_stop_label(group, format_verdict(verdict), x, frames.fid)


def _last_y(run: JudgedRun, end: int, frame: FidFrame) -> float:
    """Return the height of the last point up to a row that can be drawn; the top if none can."""
    finite = [fid for fid in run.fid[: end + 1] if isfinite(fid)]
    return frame.y(finite[-1]) if finite else frame.top


def _draw_stop_label(group: Element, text: str, x: float, frame: Frame) -> None:
    has_room = x + 6 + _LETTER_WIDTH * len(text) <= frame.right
    y = frame.top + 20  # below the marks of what is not a number
    at = (x + 6, y) if has_room else (x - 6, y)
    draw_text(group, at, text, "stop-label" if has_room else "stop-label end")


def _span_class(verdict: VerdictKind) -> str:
    return f"span {verdict_tone(verdict)} {verdict.value}"
