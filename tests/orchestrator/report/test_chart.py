from math import nan
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from orchestrator.records import StoppedBy, TrialStatus, VerdictKind
from orchestrator.report.chart import (
    COHORT_ID,
    NARROW,
    SMALL,
    WIDE,
    Curve,
    Mark,
    cohort,
    end_mark,
    fit_frame,
    legend_glyph,
    overview,
    small_multiple,
    stop_mark,
)


def curve(name: str, *fids: float, mark: Mark = Mark.BUDGET, **options: object) -> Curve:
    kimg = tuple(10.0 * index for index in range(len(fids)))
    values = {"kimg": kimg, "fid": fids, "name": name, "label": name, "mark": mark} | options
    return Curve(**values)  # type: ignore[arg-type]


WINNER = curve("winner", 40, 10, 5, is_winner=True, chosen_kimg=10.0)
DEAD = curve("dead", 40, nan, 20, nan, mark=Mark.BROKEN)
CURVES = [WINNER, DEAD, curve("none"), curve("lost", nan)]


def draw(curves: list[Curve], *, floor: float = nan) -> Element:
    frame = fit_frame(curves, WIDE, budget_kimg=50.0, floor=floor)
    return ElementTree.fromstring(overview(curves, WIDE, frame, floor=floor))


def of_class(svg: Element, name: str) -> list[Element]:
    return [node for node in svg.iter() if name in node.get("class", "").split()]


def titles(svg: Element) -> list[str]:
    return [node.text or "" for node in svg.iter("title")]


def test_a_chart_says_what_it_is_before_anything_else() -> None:
    svg = draw(CURVES)
    assert svg.get("role") == "img"
    assert svg[0].tag == "title"
    assert "Fréchet distance" in (svg[0].text or "")


def test_every_trial_says_its_name_and_how_it_ended() -> None:
    found = titles(draw(CURVES))
    assert {"winner: ran its budget", "dead: broken"} <= set(found)


def test_a_nan_interrupts_the_line_and_is_marked_above_it() -> None:
    svg = draw([DEAD])
    (line,) = of_class(svg, "curve")
    assert line.get("d", "").count("M") == 2
    assert "nan" not in line.get("d", "")
    assert len(of_class(svg, "nan")) == 2
    assert "dead: not a number at 10 kimg" in titles(svg)


def test_the_winner_is_drawn_last_with_its_snapshot_and_name() -> None:
    svg = draw(CURVES)
    groups = [node for node in of_class(svg, "trial")]
    assert "winner" in groups[-1].get("class", "")
    (ring,) = of_class(svg, "chosen")
    frame = fit_frame(CURVES, WIDE, budget_kimg=50.0, floor=nan)
    assert (float(ring.get("cx", 0)), float(ring.get("cy", 0))) == (frame.x(10), frame.y(10))
    assert [node.text for node in of_class(svg, "winner-label")] == ["winner"]


def test_the_mark_at_the_end_lies_on_the_last_number() -> None:
    svg = draw([curve("a", 40, 10, mark=Mark.OUTCLASSED)])
    frame = fit_frame([curve("a", 40, 10)], WIDE, budget_kimg=50.0, floor=nan)
    (mark,) = of_class(svg, "outclassed")[1:]
    assert mark.get("d", "").startswith(f"M{frame.x(10):g},")


def test_real_against_real_is_a_line_of_its_own_when_known() -> None:
    svg = draw(CURVES, floor=3.0)
    (line,) = of_class(svg, "floor")
    y = fit_frame(CURVES, WIDE, budget_kimg=50.0, floor=3.0).y(3.0)
    assert line.get("d", "").count(f",{y:g}") == 2
    assert [node.text for node in of_class(svg, "floor-label")] == ["real 3"]
    assert not of_class(draw(CURVES), "floor")


def test_labels_do_not_lie_upon_each_other() -> None:
    near = curve("near", 40, 3.05, is_winner=True)
    svg = draw([near], floor=3.0)
    (name,), (floor,) = of_class(svg, "winner-label"), of_class(svg, "floor-label")
    assert float(floor.get("y", 0)) - float(name.get("y", 0)) >= 12


def test_an_axis_reaches_the_budget() -> None:
    ticks = [node.text for node in of_class(draw([curve("a", 40, 10)]), "middle")]
    assert ticks[0] == "0"
    assert ticks[-1] == "50"


def test_without_a_budget_the_axis_reaches_what_was_seen() -> None:
    assert fit_frame([WINNER], WIDE, budget_kimg=nan, floor=nan).max_x == 20.0


@pytest.mark.parametrize("size", [WIDE, NARROW, SMALL])
def test_nothing_to_draw_is_an_empty_chart(size: object) -> None:
    for curves in ([], [curve("none")], [curve("lost", nan, nan)]):
        svg = draw(curves)
        assert not of_class(svg, "curve")


def test_small_charts_share_one_background() -> None:
    frame = fit_frame(CURVES, SMALL, budget_kimg=50.0, floor=nan)
    background = ElementTree.fromstring(cohort(CURVES, frame))
    (group,) = background.iter("g")
    assert group.get("id") == COHORT_ID
    assert len(group) == 2  # those of four that have a number to draw
    svg = ElementTree.fromstring(small_multiple(WINNER, frame, floor=nan))
    assert [node.get("href") for node in svg.iter("use")] == [f"#{COHORT_ID}"]
    assert len(of_class(svg, "trial")) == 1


def test_names_cannot_break_out_of_the_markup() -> None:
    hostile = curve("</title><script>alert(1)</script>", 40, is_winner=True)
    markup = overview([hostile], WIDE, fit_frame([hostile], WIDE, budget_kimg=50, floor=1), floor=1)
    assert "<script" not in markup
    assert [node.tag for node in ElementTree.fromstring(markup).iter("script")] == []


@pytest.mark.parametrize(
    ("stopped_by", "verdict", "mark"),
    [
        (None, VerdictKind.COLLAPSED, Mark.RUNNING),
        (StoppedBy.BUDGET, VerdictKind.IMPROVING, Mark.BUDGET),
        (StoppedBy.BUDGET, VerdictKind.COLLAPSED, Mark.BROKEN),
        (StoppedBy.SCHEDULER, VerdictKind.PLATEAUED, Mark.OUTCLASSED),
        (StoppedBy.SCHEDULER, VerdictKind.DEAD, Mark.BROKEN),
        (StoppedBy.CAP, VerdictKind.DEGRADED, Mark.CUT),
        (StoppedBy.CAP, VerdictKind.COLLAPSED, Mark.BROKEN),
        (StoppedBy.VERDICT, VerdictKind.CONVERGED, Mark.FLAT),
        (StoppedBy.VERDICT, VerdictKind.DEGRADED, Mark.UNSOUND),
        (StoppedBy.VERDICT, VerdictKind.DIVERGED, Mark.BROKEN),
        (StoppedBy.ERROR, None, Mark.BROKEN),
    ],
)
def test_the_end_of_a_curve_means_one_thing(
    stopped_by: StoppedBy | None, verdict: VerdictKind | None, mark: Mark
) -> None:
    assert end_mark(TrialStatus.STOPPED, stopped_by, verdict) is mark


def test_a_paused_trial_is_told_apart_from_one_that_runs() -> None:
    assert end_mark(TrialStatus.PAUSED, None, VerdictKind.IMPROVING) is Mark.PAUSED
    assert end_mark(TrialStatus.RUNNING, None, VerdictKind.IMPROVING) is Mark.RUNNING


@pytest.mark.parametrize(
    ("verdict", "mark"),
    [
        (VerdictKind.CONVERGED, Mark.FLAT),
        (VerdictKind.JUNK_FEEDBACK, Mark.UNSOUND),
        (VerdictKind.DEAD, Mark.BROKEN),
    ],
)
def test_a_stop_is_marked_by_what_its_verdict_means(verdict: VerdictKind, mark: Mark) -> None:
    assert stop_mark(verdict) is mark


def test_marks_differ_in_shape_not_only_in_colour() -> None:
    paths = [ElementTree.fromstring(legend_glyph(mark))[0].get("d") for mark in Mark]
    assert len(set(paths)) == len(Mark)
