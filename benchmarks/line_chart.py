"""Small line charts as PNG, drawn with Pillow: a logarithmic x axis, points with error bars."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log2

from PIL import Image, ImageDraw, ImageFont

SCALE = 4  # pixels drawn for each unit of the layout; half of them are kept
_WHITE, _BLACK, _GREY, _FAINT = "#ffffff", "#1f2328", "#59636e", "#e4e7eb"
_ABOVE, _BELOW, _LEFT, _RIGHT = 78, 52, 54, 16  # margins of a panel, in units

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One quantity: ``y`` over the panel's x, with ``bars`` up and down where there are some."""

    name: str
    colour: str
    y: Sequence[float]
    bars: Sequence[float] = ()
    is_dashed: bool = False
    has_points: bool = True


@dataclass(frozen=True)
class Panel:
    """Lines over common x values, beneath a title."""

    title: str
    x: Sequence[int]
    lines: Sequence[Line]


@dataclass
class _Frame:
    """Where a panel lies, and how its values become pixels."""

    draw: ImageDraw.ImageDraw
    left: float
    right: float
    top: float
    bottom: float
    x_range: Point
    y_range: Point
    fonts: dict[int, ImageFont.FreeTypeFont] = field(default_factory=dict)

    def at(self, x: float, y: float) -> Point:
        low, high = (log2(value) for value in self.x_range)
        right_frac = (log2(x) - low) / (high - low)
        up_frac = (y - self.y_range[0]) / (self.y_range[1] - self.y_range[0])
        return (
            self.left + right_frac * (self.right - self.left),
            self.bottom - up_frac * (self.bottom - self.top),
        )

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        self.draw.line(scaled, fill=colour, width=round(width * SCALE), joint="curve")

    def dashes(self, points: Sequence[Point], colour: str, width: float) -> None:
        for (x0, y0), (x1, y1) in zip(points, points[1:], strict=False):
            count = max(1, round(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / 7))
            for i in range(count):
                ends = [(i + part) / count for part in (0.0, 0.55)]
                dash = [(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in ends]
                self.line(dash, colour, width)

    def dot(self, at: Point, colour: str, radius: float = 2.7) -> None:
        for size, fill in ((radius + 0.9, _WHITE), (radius, colour)):
            box = [
                SCALE * value for value in (at[0] - size, at[1] - size, at[0] + size, at[1] + size)
            ]
            self.draw.ellipse(box, fill=fill)

    def text(
        self, at: Point, text: str, *, size: int = 12, colour: str = _GREY, anchor: str
    ) -> None:
        font = self.fonts.setdefault(size, _font(size))
        self.draw.text((at[0] * SCALE, at[1] * SCALE), text, fill=colour, font=font, anchor=anchor)


def draw_chart(
    panels: Sequence[Panel],
    *,
    size: tuple[int, int],
    y_range: Point,
    y_ticks: Sequence[float],
    title: str,
    x_label: str,
) -> Image.Image:
    """Draw panels side by side with one y axis and one legend, at two pixels a unit."""
    image = Image.new("RGB", (size[0] * SCALE, size[1] * SCALE), _WHITE)
    draw = ImageDraw.Draw(image)
    width = size[0] / len(panels)
    for index, panel in enumerate(panels):
        frame = _Frame(
            draw,
            left=index * width + _LEFT,
            right=(index + 1) * width - _RIGHT,
            top=_ABOVE,
            bottom=size[1] - _BELOW,
            x_range=(panel.x[0] / 1.25, panel.x[-1] * 1.25),
            y_range=y_range,
        )
        _draw_axes(frame, panel, y_ticks, x_label)
        for line in panel.lines:
            _draw_line(frame, panel.x, line)
        for line in panel.lines:
            _draw_points(frame, panel.x, line)
        if index == 0:
            frame.text((_LEFT, 20), title, size=15, colour=_BLACK, anchor="lm")
            _draw_legend(frame, panel.lines)
    return image.resize((size[0] * 2, size[1] * 2), Image.Resampling.LANCZOS)


def _draw_axes(frame: _Frame, panel: Panel, y_ticks: Sequence[float], x_label: str) -> None:
    for tick in y_ticks:
        _, y = frame.at(panel.x[0], tick)
        frame.line([(frame.left, y), (frame.right, y)], _FAINT, 1)
        frame.text((frame.left - 7, y), f"{tick:g}", anchor="rm")
    frame.line([(frame.left, frame.bottom), (frame.right, frame.bottom)], _GREY, 1)
    for value in panel.x:
        x, _ = frame.at(value, y_ticks[0])
        frame.line([(x, frame.bottom), (x, frame.bottom + 4)], _GREY, 1)
        frame.text((x, frame.bottom + 8), f"{value:,}", size=11, anchor="mt")
    middle = (frame.left + frame.right) / 2
    frame.text((middle, frame.bottom + 38), x_label, anchor="mm")
    frame.text((frame.left, frame.top - 8), panel.title, size=13, colour=_BLACK, anchor="ls")


def _draw_line(frame: _Frame, x: Sequence[int], line: Line) -> None:
    points = [frame.at(*point) for point in zip(x, line.y, strict=True)]
    (frame.dashes if line.is_dashed else frame.line)(points, line.colour, 1.8)


def _draw_points(frame: _Frame, x: Sequence[int], line: Line) -> None:
    for value, y, bar in zip(x, line.y, line.bars, strict=False):
        ends = [frame.at(value, y + sign * bar) for sign in (-1, 1)]
        frame.line(ends, line.colour, 1.4)
        for end_x, end_y in ends:
            frame.line([(end_x - 4, end_y), (end_x + 4, end_y)], line.colour, 1.4)
    for point in zip(x, line.y, strict=True) if line.has_points else ():
        frame.dot(frame.at(*point), line.colour)


def _draw_legend(frame: _Frame, lines: Sequence[Line]) -> None:
    x, y = float(_LEFT), 43.0
    for line in lines:
        sample = [(x, y), (x + 26, y)]
        (frame.dashes if line.is_dashed else frame.line)(sample, line.colour, 1.8)
        if line.has_points:
            frame.dot((x + 13, y), line.colour)
        frame.text((x + 32, y), line.name, colour=_BLACK, anchor="lm")
        x += 32 + _font(12).getlength(line.name) / SCALE + 22


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * SCALE)
    assert isinstance(font, ImageFont.FreeTypeFont)  # Pillow's wheels have FreeType
    return font
