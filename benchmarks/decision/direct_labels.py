"""Where the names of curves go on a chart: beside their curve, and on nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, hypot

from orchestrator.report.canvas import Point

_LETTER_WIDTH, _LINE_HEIGHT = 6.6, 12.0  # of 12 px type
_GAP = 8.0
_MARK_RADIUS = 3.0
_SPACING = 4.0  # of the points that stand for a line
_COVERED, _CROWDED, _LATE = 1.0, 100.0, 0.1


@dataclass(frozen=True)
class Box:
    """A rectangle of the canvas, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def hides(self, point: Point) -> bool:
        """Whether a point lies inside, or its mark would reach in."""
        (x, y), reach = point, _MARK_RADIUS
        across = self.left - reach <= x <= self.right + reach
        return across and self.top - reach <= y <= self.bottom + reach

    def meets(self, other: "Box") -> bool:
        """Whether two rectangles overlap."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def is_within(self, other: "Box") -> bool:
        """Whether it lies inside another."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.top <= self.top and self.bottom <= other.bottom


def place_labels(
    anchors: Mapping[str, Sequence[Point]],
    area: Box,
    *,
    ink: Sequence[Point],
    taken: Sequence[Box] = (),
) -> dict[str, Box]:
    """Place each name beside one of its points, where it hides least.

    One after the other, in the order of the names, rather at an early point than at a late one.
    A name without a point in the area gets no place.

    Args:
        anchors: points of the canvas that each name may stand beside.
        area: that no name may leave.
        ink: points that should not be hidden, such as those along the lines.
        taken: where no name may lie.
    """
    placed: dict[str, Box] = {}
    for name, points in anchors.items():
        others = [*taken, *placed.values()]
        choices = [
            (_cost(box, ink, others) + _LATE * late, late, box)
            for late, point in enumerate(points)
            for box in _around(point, name)
            if box.is_within(area)
        ]
        if choices:
            *_, placed[name] = min(choices, key=lambda choice: choice[:2])
    return placed


def along(line: Sequence[Point]) -> Iterator[Point]:
    """Yield points all along a line, close enough for none of it to be hidden unseen."""
    yield from line[:1]
    for (x0, y0), (x1, y1) in pairwise(line):
        count = ceil(hypot(x1 - x0, y1 - y0) / _SPACING)
        for step in range(1, count + 1):
            yield x0 + step / count * (x1 - x0), y0 + step / count * (y1 - y0)


def _around(point: Point, name: str) -> Iterator[Box]:
    """Yield the places beside a point: to the right and the left, and above and below of these."""
    width, (x, y) = _LETTER_WIDTH * len(name), point
    lefts = (x + _GAP, x - _GAP - width, x - width / 2)
    for shift in (0.0, -_LINE_HEIGHT, _LINE_HEIGHT, -1.7 * _LINE_HEIGHT, 1.7 * _LINE_HEIGHT):
        for left in lefts:
            top = y + shift - _LINE_HEIGHT / 2
            yield Box(left, top, left + width, top + _LINE_HEIGHT)


def _cost(box: Box, ink: Sequence[Point], others: Sequence[Box]) -> float:
    covered = sum(box.hides(point) for point in ink)
    return _COVERED * covered + _CROWDED * sum(box.meets(other) for other in others)
