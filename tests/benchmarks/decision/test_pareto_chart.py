from xml.etree.ElementTree import Element, fromstring

import pytest

from benchmarks.decision.comparison import FULL, OURS
from benchmarks.decision.front import Point
from benchmarks.decision.pareto_chart import Panel, pareto_chart

SVG = "{http://www.w3.org/2000/svg}"
DEFAULT = Point("default", 0.5, [0.05])
POINTS = {
    FULL: [Point("", 1.0, [0.01])],
    OURS: [Point("eager", 0.4, [0.2]), DEFAULT, Point("dominated", 0.8, [0.15])],
    "rival & co": [Point("3 rows", 0.6, [0.1]), Point("far off", 0.3, [0.9])],
}


def panel(*, is_log: bool = True, ceiling: float = 0.3) -> Panel:
    return Panel(
        title="Runs",
        y_label="regret",
        contenders=POINTS,
        default=DEFAULT,
        is_log=is_log,
        ceiling=ceiling,
    )


@pytest.fixture
def svg() -> Element:
    return fromstring(pareto_chart([panel(), panel(is_log=False)]))


def texts(svg: Element, name: str) -> list[str]:
    return [str(each.text) for each in svg.iter(f"{SVG}text") if each.get("class") == name]


def test_curves_are_named_where_they_are_in_both_panels(svg: Element) -> None:
    assert sorted(texts(svg, "name")) == sorted(2 * [FULL, "our default", OURS, "rival & co"])
    assert texts(svg, "title") == ["a. Runs", "b. Runs"]
    assert texts(svg, "label") == ["regret", "regret"]


def test_compute_has_a_unit_and_regret_is_percent_where_it_is_linear(svg: Element) -> None:
    assert texts(svg, "middle").count("compute used, of the full budget") == 2
    assert "100 %" in texts(svg, "middle")
    ticks = texts(svg, "end")
    assert "0.1" in ticks
    assert "+10 %" in ticks


def test_every_setting_has_a_mark_that_says_what_it_is(svg: Element) -> None:
    titles = [str(each.text) for each in svg.iter(f"{SVG}title")]
    assert titles.count("rival & co, 3 rows: 60.0% used, regret 0.1000") == 2
    assert sum("ours, " in title for title in titles) == 2 * 3
    assert sum(title.startswith("ours by default") for title in titles) == 2


def test_a_front_is_drawn_for_each_contender_and_ours_on_top(svg: Element) -> None:
    kinds = [str(each.get("class")) for each in svg.iter(f"{SVG}path")]
    fronts = [kind for kind in kinds if kind.startswith("front")]
    assert fronts == 2 * ["front", "front ours"]


def test_a_lottery_bends_on_a_log_axis() -> None:
    lines = {}
    for is_log in (True, False):
        svg = fromstring(pareto_chart([panel(is_log=is_log)]))
        path = next(each for each in svg.iter(f"{SVG}path") if each.get("class") == "front ours")
        points = [tuple(map(float, xy.split(","))) for xy in str(path.get("d"))[1:].split("L")]
        (x0, y0), (x1, y1), (x2, y2) = points[0], points[6], points[12]  # a piece is twelve
        lines[is_log] = (y1 - y0) / (x1 - x0) - (y2 - y1) / (x2 - x1)
    assert lines[False] == pytest.approx(0.0, abs=0.01)
    assert abs(lines[True]) > 0.1


def test_what_is_above_the_ceiling_is_cut_off(svg: Element) -> None:
    wide = fromstring(pareto_chart([panel(is_log=False, ceiling=1.0)]))
    assert "+90 %" in texts(wide, "end")
    assert not {"+50 %", "+90 %"} & set(texts(svg, "end"))
    assert len(list(svg.iter(f"{SVG}clipPath"))) == 2


def test_the_picture_needs_nothing_from_outside(svg: Element) -> None:
    assert svg.find(f"{SVG}style") is not None
    assert all(
        not value.startswith("http") for each in svg.iter() for value in each.attrib.values()
    )
