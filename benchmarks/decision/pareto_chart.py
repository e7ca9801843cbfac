"""Compute against regret: a curve for each contender, as one SVG that needs no style sheet.

Big marks lie on a contender's front, small ones are its other settings. The line between two marks
is the lottery of both; a front ends where regret is least, at the latest in the full budget.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from benchmarks.decision.comparison import FULL, OURS
from benchmarks.decision.direct_labels import Box, along, place_labels
from benchmarks.decision.front import Point, front
from benchmarks.decision.plot_frame import PlotFrame, compute_axis, log_axis, percent_axis
from orchestrator.report.canvas import (
    canvas,
    draw_ring,
    draw_segment,
    draw_text,
    draw_title,
    markup,
)

_WIDTH, _HEIGHT = 1120.0, 470.0
_LEFT, _RIGHT, _TOP, _BOTTOM, _BETWEEN = 64.0, 18.0, 52.0, 56.0, 84.0
# After Okabe and Ito: colour-blind readers can tell them apart, by the shapes too. Ours is first.
_COLOURS = ("#d55e00", "#0072b2", "#009e73", "#7a5195", "#b8860b", "#56b4e9", "#cc79a7", "#59636e")
_BLACK = "#1f2328"
_PIECES = 12  # of a line between two marks
_ANCHOR_EVERY = 3  # of the ends of such pieces, one may have the name of the line
_MARK_WEIGHT = 5  # a mark is worse to hide than a point of a line
_SHAPES = ("circle", "square", "triangle", "diamond")
_STYLE = """
text { font: 12px Helvetica, Arial, sans-serif; fill: #3d444d; }
.title { font-size: 14px; font-weight: bold; fill: #1f2328; }
.name { font-size: 12px; font-weight: bold; stroke: #fff; stroke-width: 3px; paint-order: stroke; }
.hint { font-style: italic; fill: #59636e; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
path { fill: none; } .grid { stroke: #e4e7eb; } .axis { stroke: #59636e; }
.front { stroke-width: 1.6; stroke-linejoin: round; } .front.ours { stroke-width: 3; }
.chosen { fill: none; stroke: #1f2328; stroke-width: 1.4; }
"""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One half of the picture.

    Attributes:
        title: what is compared.
        y_label: what is regretted, and in what.
        contenders: the points of each that is drawn, and of the full budget.
        default: the point of ours that is in use.
        is_log: whether regrets are drawn on a logarithmic axis; else as percent.
        ceiling: regrets above are left out.
    """

    title: str
    y_label: str
    contenders: Mapping[str, Sequence[Point]]
    default: Point
    is_log: bool
    ceiling: float

    @property
    def full(self) -> Point:
        """Where every front ends."""
        return self.contenders[FULL][0]

    @property
    def curves(self) -> Mapping[str, Sequence[Point]]:
        """The contenders that have a knob, ours first."""
        names = sorted((name for name in self.contenders if name != FULL), key=lambda n: n != OURS)
        return {name: self.contenders[name] for name in names}

    def shows(self, point: Point) -> bool:
        """Whether a point lies below the ceiling."""
        return point.regret <= self.ceiling


def pareto_chart(panels: Sequence[Panel]) -> str:
    """Draw panels side by side."""
    svg = canvas(_WIDTH, _HEIGHT, "Regret against compute used, for each way of stopping")
    svg.set("xmlns", "http://www.w3.org/2000/svg")
    svg.set("width", f"{_WIDTH:g}")
    svg.set("height", f"{_HEIGHT:g}")
    SubElement(svg, "style").text = _STYLE
    SubElement(svg, "rect", {"width": "100%", "height": "100%", "fill": "#fff"})
    width = (_WIDTH - _LEFT - _RIGHT - _BETWEEN * (len(panels) - 1)) / len(panels)
    for number, panel in enumerate(panels):
        left = _LEFT + number * (width + _BETWEEN)
        _draw_panel(svg, panel, _frame(panel, left, left + width), number)
    return markup(svg)


def _frame(panel: Panel, left: float, right: float) -> PlotFrame:
    points = [point for points in panel.contenders.values() for point in points]
    shown = [point for point in points if panel.shows(point)]
    across = compute_axis(min(point.used_frac for point in shown))
    regrets = [point.regret for point in shown]
    make_axis = log_axis if panel.is_log else percent_axis
    upwards = make_axis(min(regrets), max(regrets))
    top, bottom = _TOP, _HEIGHT - _BOTTOM
    return PlotFrame(left, top, right, bottom, across.high, across=across, upwards=upwards)


def _draw_panel(svg: Element, panel: Panel, frame: PlotFrame, number: int) -> None:
    _draw_axes(svg, panel, frame, "ab"[number])
    clip = SubElement(SubElement(svg, "clipPath", id=f"panel{number}"), "rect")
    clip.attrib |= {"x": f"{frame.left:g}", "width": f"{frame.right - frame.left + 8:g}"}
    clip.attrib |= {"y": f"{frame.top:g}", "height": f"{frame.bottom - frame.top:g}"}
    group = SubElement(svg, "g", {"clip-path": f"url(#panel{number})"})
    looks = {
        name: (_COLOURS[i % len(_COLOURS)], _SHAPES[i % len(_SHAPES)])
        for i, name in enumerate(panel.curves)
    }
    for name in reversed(list(panel.curves)):  # ours on top
        _draw_contender(group, panel, frame, name, looks[name])
    end = (frame.x(panel.full.used_frac), frame.y(panel.full.regret))
    _draw_mark(svg, end, "square", _BLACK, 4.0)
    draw_ring(group, _at(frame, panel.default), f"ours by default: {_describe(panel.default)}")
    _draw_names(svg, panel, frame, {name: colour for name, (colour, _) in looks.items()})


def _draw_axes(svg: Element, panel: Panel, frame: PlotFrame, letter: str) -> None:
    for tick in frame.upwards.ticks:
        y = frame.y(tick)
        draw_segment(svg, (frame.left, y), (frame.right, y), "grid")
        draw_text(svg, (frame.left - 8, y + 4), frame.upwards.write(tick), "end")
    for tick in frame.across.ticks:
        x = frame.x(tick)
        draw_segment(svg, (x, frame.bottom), (x, frame.bottom + 4), "axis")
        draw_text(svg, (x, frame.bottom + 18), f"{tick:.0%}".replace("%", " %"), "middle")
    draw_segment(svg, (frame.left, frame.bottom), (frame.right, frame.bottom), "axis")
    middle = (frame.left + frame.right) / 2
    draw_text(svg, (middle, frame.bottom + 40), "compute used, of the full budget", "middle")
    draw_text(svg, (frame.left - 46, frame.top - 28), f"{letter}. {panel.title}", "title")
    draw_text(svg, (frame.left - 46, frame.top - 11), panel.y_label, "label")


def _draw_contender(
    svg: Element, panel: Panel, frame: PlotFrame, name: str, look: tuple[str, str]
) -> None:
    colour, shape = look
    hull = front([*panel.curves[name], panel.full])
    path = "M" + "L".join(f"{x:g},{y:g}" for x, y in _line(frame, hull))
    kind = "front ours" if name == OURS else "front"
    SubElement(svg, "path", {"d": path, "class": kind, "stroke": colour})
    for point in panel.curves[name]:
        radius = 4.2 if point in hull else 2.2
        mark = _draw_mark(svg, _at(frame, point), shape, colour, radius)
        draw_title(mark, f"{name}, {_describe(point)}")


def _draw_mark(svg: Element, at: tuple[float, float], shape: str, colour: str, r: float) -> Element:
    (x, y) = at
    paths = {
        "circle": f"M{x - r:g},{y:g}a{r:g},{r:g} 0 1 0 {2 * r:g},0a{r:g},{r:g} 0 1 0 {-2 * r:g},0z",
        "square": f"M{x - r:g},{y - r:g}h{2 * r:g}v{2 * r:g}h{-2 * r:g}z",
        "triangle": f"M{x:g},{y - 1.2 * r:g}l{1.2 * r:g},{2 * r:g}h{-2.4 * r:g}z",
        "diamond": f"M{x:g},{y - 1.3 * r:g}l{1.3 * r:g},{1.3 * r:g}l{-1.3 * r:g},{1.3 * r:g}"
        f"l{-1.3 * r:g},{-1.3 * r:g}z",
    }
    return SubElement(svg, "path", {"d": paths[shape], "style": f"fill: {colour}"})


def _draw_names(svg: Element, panel: Panel, frame: PlotFrame, colours: Mapping[str, str]) -> None:
    """Write the name of each curve beside it, and of the two points that have one."""
    lines = {
        name: _line(frame, front([*points, panel.full])) for name, points in panel.curves.items()
    }
    ink = [point for line in lines.values() for point in along(line)]
    marks = [_at(frame, point) for points in panel.contenders.values() for point in points]
    anchors = {FULL: [_at(frame, panel.full)], "our default": [_at(frame, panel.default)]}
    anchors |= {name: line[::_ANCHOR_EVERY] for name, line in lines.items()}
    corner = Box(frame.left, frame.bottom - 24, frame.left + 70, frame.bottom)
    draw_text(svg, (frame.left + 8, frame.bottom - 9), "\u2199 better", "hint")
    area = Box(frame.left, frame.top, frame.right + 8, frame.bottom)
    for name, box in place_labels(
        anchors, area, ink=ink + _MARK_WEIGHT * marks, taken=[corner]
    ).items():
        draw_text(svg, (box.left, box.bottom - 3), name, "name")
        svg[-1].set("style", f"fill: {colours.get(name, _BLACK)}")


def _line(frame: PlotFrame, hull: Sequence[Point]) -> list[tuple[float, float]]:
    """Return a front on the canvas: a lottery's regret is a mean, which bends on a log axis."""
    known = [point.used_frac for point in hull]
    steps = np.arange(_PIECES * (len(hull) - 1) + 1) / _PIECES
    used = np.interp(steps, range(len(hull)), known)
    regrets = np.interp(used, known, [point.regret for point in hull])
    return [(frame.x(float(x)), frame.y(float(y))) for x, y in zip(used, regrets, strict=True)]


def _at(frame: PlotFrame, point: Point) -> tuple[float, float]:
    return frame.x(point.used_frac), frame.y(point.regret)


def _describe(point: Point) -> str:
    return f"{point.setting}: {point.used_frac:.1%} used, regret {point.regret:.4f}"
