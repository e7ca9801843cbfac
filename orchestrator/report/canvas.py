"""What every chart is made of: a canvas, axes, lines that a NaN interrupts, marks with a title.

Colours come from the page's style sheet, by the names of the classes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from xml.etree.ElementTree import Element, SubElement, tostring

from orchestrator.report.scale import FidFrame, Frame, linear_ticks, log_ticks

Point = tuple[float, float]  # budget and measured value, or x and y on the canvas


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


def canvas(width: float, height: float, title: str) -> Element:
    """Return an empty drawing that says what it is."""
    box = f"0 0 {width:g} {height:g}"
    svg = Element("svg", {"viewBox": box, "role": "img", "class": "chart"})
    SubElement(svg, "title").text = title
    return svg


def draw_fid_axis(svg: Element, frame: FidFrame, max_ticks: int) -> None:
    """Draw the ticks of the logarithmic axis with lines across the frame."""
    for tick in log_ticks(frame.low_fid, frame.high_fid, max_ticks):
        y = frame.y(tick)
        draw_segment(svg, (frame.left, y), (frame.right, y), "grid")
        draw_text(svg, (frame.left - 6, y + 3.5), format_tick(tick), "tick end")


def draw_linear_axis(svg: Element, frame: Frame, max_ticks: int) -> None:
    """Draw the axis of the budget, or of another value, along the bottom of a frame."""
    for step in linear_ticks(frame.max_x - frame.min_x, max_ticks):
        tick = frame.min_x + step
        x = frame.x(tick)
        draw_segment(svg, (x, frame.bottom), (x, frame.bottom + 3), "axis")
        draw_text(svg, (x, frame.bottom + 15), format_tick(tick), "tick middle")
    draw_segment(svg, (frame.left, frame.bottom), (frame.right, frame.bottom), "axis")


def draw_line(parent: Element, points: Sequence[Point], frame: Frame, name: str) -> None:
    """Draw the finite stretches of a curve; a NaN interrupts it."""
    stretches = [
        [(frame.x(budget), frame.y(value)) for budget, value in stretch]
        for is_number, stretch in _stretches(points)
        if is_number
    ]
    if stretches:
        SubElement(parent, "path", {"d": "".join(map(_polyline, stretches)), "class": name})


def draw_nan_points(
    parent: Element,
    points: Sequence[Point],
    frame: Frame,
    *,
    label: str,
    place: Callable[[float], str],
) -> None:
    """Mark points that are not finite at the upper edge: one mark for those in a row.

    ``place`` writes a count of images or steps.
    """
    for is_number, stretch in _stretches(points):
        if not is_number:
            path = "".join(f"M{frame.x(at) - 4:g},{frame.top:g}h8l-4,7z" for at, _ in stretch)
            first, last = place(stretch[0][0]), place(stretch[-1][0])
            where = f"at {first}" if len(stretch) == 1 else f"from {first} to {last}"
            mark = SubElement(parent, "path", {"d": path, "class": "mark nan"})
            draw_title(mark, f"{label}: not a number {where}")


def draw_ring(parent: Element, at: Point, title: str) -> None:
    """Ring a checkpoint that is kept."""
    x, y = at
    circle = {"cx": f"{x:g}", "cy": f"{y:g}", "r": "5.5", "class": "chosen"}
    draw_title(SubElement(parent, "circle", circle), title)


def draw_segment(parent: Element, start: Point, end: Point, name: str) -> Element:
    """Draw a straight line on the canvas."""
    return SubElement(parent, "path", {"d": _polyline([start, end]), "class": name})


def draw_text(parent: Element, at: Point, text: str, name: str) -> None:
    """Write on the canvas."""
    x, y = at
    SubElement(parent, "text", {"x": f"{x:g}", "y": f"{y:g}", "class": name}).text = text


def draw_title(parent: Element, text: str) -> None:
    """Say on hovering, and to those who hear the page, what an element is."""
    SubElement(parent, "title").text = text


def markup(svg: Element) -> str:
    """Return the drawing as text."""
    return tostring(svg, encoding="unicode")


def format_tick(value: float) -> str:
    """Write the number at a tick.

    >>> format_tick(0.5), format_tick(1_200_000.0)
    ('0.5', '1,200,000')
    """
    return f"{value:,.12g}"


def _stretches(points: Sequence[Point]) -> Iterator[tuple[bool, list[Point]]]:
    """Split a curve into points in a row that are all finite, or all not."""
    for is_number, stretch in groupby(points, key=lambda point: isfinite(point[1])):
        yield is_number, list(stretch)


def _polyline(points: Sequence[Point]) -> str:
    path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points)
    return path if len(points) > 1 else f"{path}h0"  # round ends make it a dot
