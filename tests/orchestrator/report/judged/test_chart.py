import re
from dataclasses import replace
from importlib.resources import files
from math import inf, log, nan
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.records import Action, VerdictKind
from orchestrator.report.judged.chart import NARROW, WIDE, Frames, Layout, judged_chart, verdict_key
from orchestrator.report.judged.view import JudgedRun, Pause
from orchestrator.report.verdicts import verdict_tone
from tests.orchestrator.report.judged.runs import judged_run, stopped_run

STOPPED = stopped_run(40, 20, 10, 10, 9, 11, 10, 12, stop=4, best=2)
COLLAPSED = stopped_run(
    *(40, 20, 10, 30, 60),
    stop=3,
    best=2,
    coverage=[0.2, 0.5, 0.9, 0.3, 0.1],
    verdict=VerdictKind.COLLAPSED,
)
DEAD = stopped_run(
    *(40, 20, nan, nan, nan),
    stop=2,
    best=1,
    verdict=VerdictKind.DEAD,
    action=Action.STOP_REJECT,
)
HEALTHY = judged_run(40, 20, 10, best=2)

fids = st.floats(-1.0, 1e6) | st.sampled_from([nan, inf, 0.0])


def draw(run: JudgedRun, layout: Layout = WIDE) -> Element:
    return ElementTree.fromstring(judged_chart(run, layout))


def of_class(svg: Element, name: str) -> list[Element]:
    return [node for node in svg.iter() if name in node.get("class", "").split()]


def titles(svg: Element) -> list[str]:
    return [node.text or "" for node in svg.iter("title")]


def texts(svg: Element, name: str) -> list[str]:
    return [node.text or "" for node in of_class(svg, name)]


def xs(path: Element) -> list[float]:
    return [float(x) for x in re.findall(r"[ML]([\d.]+),", path.get("d", ""))]


def x_of(kimg: float, max_kimg: float) -> float:
    return round(WIDE.left + kimg / max_kimg * (WIDE.width - WIDE.right - WIDE.left), 1)


def test_a_chart_says_what_it_shows_and_what_was_decided() -> None:
    title = "Fréchet distance of a over thousands of images: plateaued, stopped at 25 kimg"
    assert titles(draw(STOPPED))[0] == title
    assert titles(draw(HEALTHY))[0].endswith(": improving, not stopped")


def test_the_curve_changes_its_look_at_the_stop() -> None:
    (before,), (after,) = of_class(draw(STOPPED), "before"), of_class(draw(STOPPED), "after")
    stop = x_of(25, 40)
    assert (len(xs(before)), max(xs(before))) == (5, stop)
    assert (len(xs(after)), min(xs(after))) == (4, stop)


def test_a_line_stands_at_the_stop_through_all_parts() -> None:
    svg = draw(COLLAPSED)
    (line,) = of_class(svg, "stop-line")
    frames = Frames(COLLAPSED, WIDE)
    assert (
        line.get("d")
        == f"M{x_of(20, 25):g},{frames.fid.top:g}L{x_of(20, 25):g},{frames.band.bottom:g}"
    )
    assert "collapsed: stopped at 20 kimg" in titles(svg)
    assert texts(svg, "stop-label") == ["collapsed"]


def test_a_pause_is_marked_on_the_curve_and_through_all_parts_with_its_reason() -> None:
    svg = draw(replace(STOPPED, pauses=[Pause(2, "suspect: FID 2.1x its best")]))
    (group,) = of_class(svg, "pause")
    assert titles(group) == ["paused at 15 kimg: suspect: FID 2.1x its best"]
    frames, x = Frames(STOPPED, WIDE), x_of(15, 40)
    (line,) = of_class(group, "pause-line")
    assert line.get("d") == f"M{x:g},{frames.fid.top:g}L{x:g},{frames.band.bottom:g}"
    (ground,) = of_class(group, "pause-ground")
    assert ground.get("cx") == f"{x:g}"
    assert ground.get("cy") == f"{frames.fid.y(10):g}"
    assert of_class(group, "paused")
    assert not of_class(draw(STOPPED), "pause")


def test_what_would_have_been_saved_is_told_on_its_ground() -> None:
    svg = draw(STOPPED)
    (ground,) = of_class(svg, "saved")
    assert ground.get("d", "").startswith(f"M{x_of(25, 40):g},")
    assert "would have been saved: 15 kimg" in titles(svg)


def test_stops_of_different_kinds_differ_in_shape() -> None:
    shapes = {
        name: of_class(draw(replace(STOPPED, verdict=kind)), name)[0].get("d")
        for name, kind in (
            ("flat", VerdictKind.CONVERGED),
            ("unsound", VerdictKind.DEGRADED),
            ("broken", VerdictKind.COLLAPSED),
        )
    }
    assert len(set(shapes.values())) == 3


def test_the_best_checkpoint_is_ringed_where_it_was_taken() -> None:
    svg = draw(STOPPED)
    (ring,) = of_class(svg, "chosen")
    frame = Frames(STOPPED, WIDE).fid
    share = log(10 / frame.low_fid) / log(frame.high_fid / frame.low_fid)
    assert float(ring.get("cx", 0)) == x_of(15, 40)
    assert float(ring.get("cy", 0)) == pytest.approx(frame.bottom - 150 * share, abs=0.1)
    assert "best checkpoint, kept: FID 10.0 at 15 kimg" in titles(svg)
    assert "best checkpoint, rejected: FID 20.0 at 10 kimg" in titles(draw(DEAD))


def test_a_run_without_a_number_has_neither_curve_nor_ring() -> None:
    run = stopped_run(nan, nan, stop=0, best=None, verdict=VerdictKind.DEAD)
    svg = draw(run)
    assert not of_class(svg, "curve")
    assert not of_class(svg, "chosen")
    assert len(of_class(svg, "stop-line")) == 1
    assert "FID: not a number from 5 kimg to 10 kimg" in titles(svg)


def test_rows_that_are_nan_are_marked_and_the_stop_lies_at_the_last_number() -> None:
    svg = draw(DEAD)
    assert "FID: not a number from 15 kimg to 25 kimg" in titles(svg)
    (cross,) = of_class(svg, "broken")
    y = Frames(DEAD, WIDE).fid.y(20)
    assert cross.get("d", "").startswith(f"M{x_of(15, 25) - 4:g},{y - 4:g}")


def test_a_run_that_goes_on_has_an_arrow_beyond_its_end_and_nothing_of_a_stop() -> None:
    svg = draw(HEALTHY)
    (arrow,) = of_class(svg, "running")
    assert xs(arrow)[0] > x_of(15, 15)
    assert "improving: not stopped by 15 kimg" in titles(svg)
    for name in ("saved", "after", "stop", "fade"):
        assert not of_class(svg, name)


def test_the_band_says_every_verdict_from_where_to_where_without_a_gap() -> None:
    kinds = [VerdictKind.WARMING_UP] * 2 + [VerdictKind.IMPROVING] * 3 + [VerdictKind.PLATEAUED]
    svg = draw(judged_run(40, 20, 10, 9, 9, 9, verdicts=kinds))
    spans = of_class(svg, "span")
    assert [span.get("class", "").split()[-1] for span in spans] == [
        "warming_up",
        "improving",
        "plateaued",
    ]
    (start, first_end), (second_start, second_end), (last_start, end) = map(xs, spans)
    assert (start, first_end, second_end, end) == tuple(x_of(kimg, 30) for kimg in (5, 15, 30, 30))
    assert second_start == first_end
    assert last_start == end - 2  # a verdict at the last row has no length of its own
    told = ["warming up from 5 kimg to 10 kimg", "improving from 15 kimg to 25 kimg"]
    assert {*told, "plateaued at 30 kimg"} <= set(titles(svg))


def test_a_verdict_at_one_row_can_be_seen_and_stays_inside() -> None:
    for run in (judged_run(40), judged_run(*[20.0] * 400 + [10.0])):
        kinds = [VerdictKind.WARMING_UP] * (len(run.rows) - 1) + [VerdictKind.IMPROVING]
        last = of_class(draw(replace(run, verdicts=kinds)), "span")[-1]
        left, right = xs(last)
        assert right - left >= 2
        assert right <= WIDE.width - WIDE.right


def test_coverage_has_a_strip_of_its_own_where_it_was_measured() -> None:
    frames = Frames(COLLAPSED, WIDE)
    assert frames.coverage is not None
    assert frames.fid.bottom < frames.coverage.top < frames.coverage.bottom < frames.band.top
    svg = draw(COLLAPSED)
    assert texts(svg, "name") == ["FID", "coverage", "verdict", "kimg"]
    assert len(of_class(svg, "before")) == len(of_class(svg, "after")) == 2
    assert texts(draw(HEALTHY), "name") == ["FID", "verdict", "kimg"]
    assert Frames(HEALTHY, WIDE).height < Frames(COLLAPSED, WIDE).height


def test_steps_are_the_axis_where_no_images_were_counted() -> None:
    run = replace(STOPPED, rows=[replace(row, nimg=0) for row in STOPPED.rows])
    svg = draw(run)
    assert texts(svg, "name")[-1] == "steps"
    assert texts(svg, "middle")[-1] == "800"
    assert "over steps" in titles(svg)[0]
    assert "plateaued: stopped at step 500" in titles(svg)


@pytest.mark.parametrize("layout", [WIDE, NARROW])
def test_the_label_of_a_late_stop_is_written_to_its_left(layout: Layout) -> None:
    run = stopped_run(*[9.0] * 40, stop=39, best=0, verdict=VerdictKind.DISCRIMINATOR_OVERPOWERED)
    (label,) = of_class(draw(run, layout), "stop-label")
    assert "end" in label.get("class", "").split()
    assert float(label.get("x", 0)) < layout.width - layout.right
    early = replace(run, stop=2)
    assert "end" not in of_class(draw(early, layout), "stop-label")[0].get("class", "").split()


def test_verdicts_of_one_tone_differ_in_shape() -> None:
    style = files("orchestrator.report.judged").joinpath("style.html").read_text("utf-8")
    shapes = dict(re.findall(r"\.span\.(\w+) \{ ([^}]*) \}", style))
    looks = {(verdict_tone(kind), shapes.get(kind.value, "")) for kind in VerdictKind}
    assert len(looks) == len(VerdictKind)


@pytest.mark.parametrize("kind", VerdictKind)
def test_the_key_of_a_verdict_looks_like_its_piece_of_the_band(kind: VerdictKind) -> None:
    (piece,) = of_class(draw(judged_run(9.0, 8.0, verdicts=[kind] * 2)), "span")
    assert ElementTree.fromstring(verdict_key(kind))[0].get("class") == piece.get("class")


def test_names_cannot_break_out_of_the_markup() -> None:
    hostile = "</title><script>alert(1)</script>"
    svg = draw(replace(STOPPED, name=hostile))
    assert not list(svg.iter("script"))
    assert hostile in titles(svg)[0]


@given(values=st.lists(fids, min_size=1, max_size=12), data=st.data())
def test_whatever_was_recorded_is_drawn_inside_the_chart(
    values: list[float], data: st.DataObject
) -> None:
    rows = st.none() | st.integers(0, len(values) - 1)
    run = judged_run(*values, stop=data.draw(rows), coverage=values)
    finite = [index for index, fid in enumerate(run.fid) if fid == fid]
    run = replace(run, best=data.draw(st.sampled_from([None, *finite])))
    svg = draw(run, NARROW)
    numbers = [
        float(number)
        for node in svg.iter()
        for number in re.findall(r"-?[\d.]+|nan|inf", node.get("d", ""))
    ]
    assert all(-10 <= number <= NARROW.width for number in numbers)
