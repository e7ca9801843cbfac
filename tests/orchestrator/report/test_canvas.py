from math import inf, nan
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from orchestrator.report.canvas import (
    Point,
    canvas,
    draw_line,
    draw_linear_axis,
    draw_nan_points,
    draw_ring,
    draw_segment,
    draw_text,
    markup,
)
from orchestrator.report.scale import ShareFrame

FRAME = ShareFrame(left=0, top=5, right=100, bottom=105, max_x=10.0)


def draw_points(*values: float) -> Element:
    svg = canvas(120, 120, "what it is")
    points: list[Point] = [(float(index), value) for index, value in enumerate(values)]
    draw_line(svg, points, FRAME, "line")
    draw_nan_points(svg, points, FRAME, label="a", place=lambda budget: f"step {budget:g}")
    return ElementTree.fromstring(markup(svg))


def titles(svg: Element) -> list[str | None]:
    return [title.text for title in svg.iter("title")]


def test_a_canvas_says_what_it_is() -> None:
    svg = ElementTree.fromstring(markup(canvas(30, 20.5, "<a> & b")))
    assert (svg.get("viewBox"), svg.get("role"), titles(svg)) == ("0 0 30 20.5", "img", ["<a> & b"])


def test_a_line_is_interrupted_by_what_is_no_number() -> None:
    _, line, _ = draw_points(0.5, 1, nan, 0, 0.5)
    assert line.get("d") == "M0,55L10,5M30,105L40,55"


def test_a_number_between_others_that_are_none_is_a_dot() -> None:
    line = draw_points(nan, 0.5, nan)[1]
    assert line.get("d") == "M10,55h0"


def test_nothing_but_nan_is_no_line() -> None:
    assert [node.get("class") for node in draw_points(nan, nan)[1:]] == ["mark nan"]


def test_what_is_no_number_is_marked_one_by_one_and_told_together() -> None:
    svg = draw_points(0.5, nan, 0.5, inf, nan, -inf)
    marks = [node.get("d", "") for node in svg if node.get("class") == "mark nan"]
    assert [mark.count("M") for mark in marks] == [1, 3]
    assert titles(svg)[1:] == ["a: not a number at step 1", "a: not a number from step 3 to step 5"]


def test_a_ring_lies_where_it_should_and_says_why() -> None:
    svg = canvas(10, 10, "c")
    draw_ring(svg, (3.0, 4.5), "kept")
    ring = svg[1]
    assert (ring.get("cx"), ring.get("cy"), titles(svg)) == ("3", "4.5", ["c", "kept"])


def test_text_and_straight_lines_lie_where_they_are_put() -> None:
    svg = canvas(300, 100, "c")
    draw_segment(svg, (1.5, 2), (3, 4), "grid")
    draw_text(svg, (5, 6.25), "<b>", "tick end")
    line, text = ElementTree.fromstring(markup(svg))[1:]
    assert (line.get("d"), line.get("class")) == ("M1.5,2L3,4", "grid")
    assert (text.get("x"), text.get("y"), text.text) == ("5", "6.25", "<b>")


def test_ticks_begin_where_the_axis_does() -> None:
    svg = canvas(10, 10, "c")
    frame = ShareFrame(left=0, top=0, right=500, bottom=10, max_x=0.9, min_x=0.6)
    draw_linear_axis(svg, frame, 4)
    ticks = [(text.text, text.get("x")) for text in svg.iter("text")]
    assert ticks == [("0.6", "0"), ("0.7", "166.7"), ("0.8", "333.3"), ("0.9", "500")]


def test_large_budgets_are_written_out() -> None:
    svg = canvas(10, 10, "c")
    frame = ShareFrame(left=0, top=0, right=500, bottom=10, max_x=2_000_000.0)
    draw_linear_axis(svg, frame, 6)
    assert [text.text for text in svg.iter("text")][-1] == "2,000,000"
