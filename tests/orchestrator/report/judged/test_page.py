from dataclasses import replace
from math import nan
from pathlib import Path

import pytest

from orchestrator.records import Action, VerdictKind
from orchestrator.report.judged.page import MAX_CHARTS, render_judged_page, write_judged_page
from orchestrator.report.judged.view import JudgedCurves, JudgedRun, Pause
from tests.orchestrator.report.html_page import Page
from tests.orchestrator.report.judged.runs import judged_run, stopped_run

PLATEAUED = stopped_run(
    40, 20, 10, 11, 9, 12, stop=3, best=2, name="flat-one", reason="at best 3 % lower"
)
DEAD = stopped_run(
    *(40, nan, nan, nan),
    stop=1,
    best=0,
    name="dead-one",
    verdict=VerdictKind.DEAD,
    action=Action.STOP_REJECT,
    reason="FID is nan at 10 kimg",
)
HEALTHY = judged_run(40, 20, 10, best=2, name="good-one", coverage=[0.2, 0.5, 0.9])


@pytest.fixture
def curves() -> JudgedCurves:
    """Three runs: stopped, rejected, let go on."""
    return JudgedCurves("runs.csv", [PLATEAUED, DEAD, HEALTHY])


def read(curves: JudgedCurves, note: str = "") -> Page:
    return Page(render_judged_page(curves, note=note))


def read_one(run: JudgedRun) -> str:
    return read(JudgedCurves("runs.csv", [run])).text


def test_the_page_is_whole_and_stands_alone(curves: JudgedCurves) -> None:
    page = read(curves)
    for tag in ("script", "link", "img", "iframe"):
        assert not page.all(tag)
    text = render_judged_page(curves)
    for outside in ("url(", "@import", "://"):
        assert outside not in text
    policies = [meta.get("content") for meta in page.all("meta")]
    assert "default-src 'none'; style-src 'unsafe-inline'" in policies


def test_every_run_of_the_table_leads_to_its_chart(curves: JudgedCurves) -> None:
    page = read(curves)
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    targets = [str(link["href"]) for link in page.all("a")]
    assert targets == ["#run-1", "#run-2", "#run-3"]
    assert [article["id"] for article in page.all("article")] == ["run-1", "run-2", "run-3"]


def test_readers_without_eyes_are_told(curves: JudgedCurves) -> None:
    page = read(curves)
    assert all(cell.get("scope") in ("col", "row") for cell in page.all("th"))
    assert all(
        svg.get("aria-hidden") == "true" or svg.get("role") == "img" for svg in page.all("svg")
    )


def test_the_sum_of_it_stands_above(curves: JudgedCurves) -> None:
    text = read(curves).text
    assert "Runs 3 Would have been stopped 2 1 of them rejected" in text
    assert "Recorded budget 6:30 h Would have been saved 2:00 h 30.8 %" in text
    assert "Lower FID after the stop 1 run by up to 10.0 %" in text


def test_the_sum_is_in_images_or_steps_where_time_was_not_recorded(curves: JudgedCurves) -> None:
    def without(**columns: float) -> JudgedCurves:
        runs = [
            replace(run, rows=[replace(row, **columns) for row in run.rows])  # type: ignore[arg-type]
            for run in curves.runs
        ]
        return replace(curves, runs=runs)

    saved = "Would have been saved"
    assert f"Recorded budget 65 kimg {saved} 20 kimg 30.8 %" in read(without(seconds=nan)).text
    text = read(without(seconds=nan, nimg=0)).text
    assert f"Recorded budget 1,300 steps {saved} 400 steps 30.8 %" in text


def test_the_table_has_every_run_in_the_order_of_the_file(curves: JudgedCurves) -> None:
    table = read(curves).text.partition("Best FID Reason")[2].partition("Curves")[0]
    assert table.split(" flat-one ") == [
        "",
        "plateaued stop keep best 20 kimg 15 kimg 10.0 at best 3 % lower dead-one dead "
        "stop reject 10 kimg 5 kimg 40.0 FID is nan at 10 kimg good-one improving go on — "
        "15 kimg 10.0 its best so far ",
    ]


def test_the_words_beside_a_chart_say_what_was_gained_and_what_was_missed() -> None:
    assert (
        "at best 3 % lower action stop keep best stop 20 kimg of 30 kimg "
        "kept FID 10.0 at 15 kimg saved 1:00 h, 33.3 % missed FID 9.00 at 25 kimg, 10.0 % lower"
    ) in read_one(PLATEAUED)
    assert "rejected FID 40.0 at 5 kimg saved 1:00 h, 50.0 %" in read_one(DEAD)
    assert "action go on end 15 kimg kept FID 10.0 at 15 kimg" in read_one(HEALTHY)
    assert "missed" not in read_one(DEAD) + read_one(HEALTHY)


def test_a_run_that_recovers_from_nothing_missed_something_unknown() -> None:
    run = stopped_run(nan, 9.0, stop=0, best=None, verdict=VerdictKind.DEAD)
    text = read_one(run)
    assert "missed FID 9.00 at 10 kimg" in text
    assert "% lower" not in text


def test_marks_and_verdicts_are_explained_that_occur(curves: JudgedCurves) -> None:
    legend = read(curves).text.partition("Each chart has axes")[2].partition("flat-one")[0]
    for words in (
        "after the stop: would have been saved",
        "best checkpoint",
        "stopped: no further gain expected",
        "stopped: broken",
        "not stopped",
        "not a number",
        "improving plateaued",
    ):
        assert words in legend
    assert "going wrong" not in legend
    text = read_one(HEALTHY)
    for words in ("after the stop:", "not a number", "stopped:", "plateaued"):
        assert words not in text


def test_what_the_verdicts_mean_is_told(curves: JudgedCurves) -> None:
    assert "plateaued shown to be flat, short of the quality asked for" in read(curves).text


def test_points_that_are_not_where_they_seem_are_told() -> None:
    assert "FID above 46.0 is drawn at the upper edge" in read_one(judged_run(10, 5, 900))
    assert "upper edge" not in read_one(HEALTHY)


def test_by_what_was_judged_is_told(curves: JudgedCurves) -> None:
    assert "Note: no budget is known." in read(curves, note="no budget is known").text
    assert "Note" not in read(curves).text


def test_many_runs_keep_a_page_that_opens() -> None:
    runs = [replace(HEALTHY, name=f"run-{index}") for index in range(MAX_CHARTS + 40)]
    page = read(JudgedCurves("many.csv", runs))
    assert len(page.all("article")) == len(page.all("a")) == MAX_CHARTS
    assert len(page.all("tr")) == 1 + len(runs)
    assert "Charts of the first 60 runs; the table has all 100." in page.text


def test_nothing_of_a_user_becomes_markup() -> None:
    hostile = "<script>alert(1)</script>\"' onerror=x <img src=x>"
    run = replace(PLATEAUED, name=hostile, reason=hostile)
    text = render_judged_page(JudgedCurves(hostile, [run]), note=hostile)
    assert "<script" not in text
    assert "<img" not in text
    page = Page(text)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count(hostile) >= 5


def test_the_page_is_the_same_each_time(curves: JudgedCurves, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_judged_page(path, curves, note="n")
    assert path.read_text("utf-8") == render_judged_page(curves, note="n")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_pauses_are_told_and_explained_where_there_are_any() -> None:
    assert "paused" not in read_one(HEALTHY)
    once = replace(HEALTHY, pauses=[Pause(1, "suspect: FID 2x its best")])
    text = read_one(once)
    assert "paused: suspect" in text
    page = read(JudgedCurves("runs.csv", [once]))
    assert "suspect: FID 2x its best" in [span.get("title") for span in page.all("span")]
    assert "10 kimg" in text
