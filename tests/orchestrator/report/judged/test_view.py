from dataclasses import replace
from math import inf, isnan, nan

import pytest

from orchestrator.decision.replay import judge_curves
from orchestrator.records import Action, VerdictKind
from orchestrator.report.judged.unit import Unit
from orchestrator.report.judged.view import JudgedCurves, join_judged
from tests.orchestrator.report.judged.runs import judged_run, row, stopped_run


def test_late_and_doubled_rows_have_their_verdict_beside_them() -> None:
    rows = [row(index, 60.0 / index) for index in range(1, 13)]
    broken = row(9, nan)
    curves = {"b": [*rows[6:8], *rows[:6], *rows[:3], broken, *rows[9:]], "a": rows}
    view = join_judged(judge_curves(curves), curves, source="x.csv")
    assert [run.name for run in view.runs] == ["b", "a"]
    run = view.runs[0]
    assert [each.step for each in run.rows] == [100 * index for index in range(1, 13)]
    assert run.stop == 8
    assert run.verdicts[8] is VerdictKind.DEAD
    assert (run.best, run.best_fid) == (7, 60.0 / 8)
    assert view.runs[1].stop is None


def test_what_could_not_be_measured_is_nan_whatever_was_written_there() -> None:
    run = judged_run(9.0, inf, 8.0)
    run = replace(run, rows=[*run.rows[:2], replace(run.rows[2], finite=False)])
    assert run.fid[0] == 9.0
    assert all(map(isnan, run.fid[1:]))


def test_the_axis_counts_images_and_where_there_are_none_steps() -> None:
    run = judged_run(9.0, 8.0)
    assert (run.unit, run.budget, run.place(1)) == (Unit.KIMG, [5.0, 10.0], "10 kimg")
    run = replace(run, rows=[replace(each, nimg=0) for each in run.rows])
    assert (run.unit, run.budget, run.place(1)) == (Unit.STEPS, [100.0, 200.0], "step 200")


def test_equal_verdicts_in_a_row_are_one_span() -> None:
    kinds = [VerdictKind.WARMING_UP, VerdictKind.IMPROVING, VerdictKind.IMPROVING]
    run = judged_run(9.0, 8.0, 7.0, 7.0, verdicts=[*kinds, VerdictKind.WARMING_UP])
    assert run.spans == [
        (VerdictKind.WARMING_UP, 0, 0),
        (VerdictKind.IMPROVING, 1, 2),
        (VerdictKind.WARMING_UP, 3, 3),
    ]


def test_coverage_counts_as_measured_if_it_was_once() -> None:
    assert judged_run(9.0, 8.0, coverage=[nan, 0.5]).has_coverage
    assert not judged_run(9.0, 8.0).has_coverage


def test_what_a_rejected_run_reached_is_not_kept() -> None:
    assert stopped_run(9.0, 8.0, stop=1, best=1).is_kept
    assert not stopped_run(9.0, 8.0, stop=1, best=1, action=Action.STOP_REJECT).is_kept
    assert not judged_run(nan).is_kept


@pytest.mark.parametrize(
    ("later", "index", "missed_frac"),
    [((9.0, 8.5), None, 0.0), ((7.0, 6.0, 6.5), 3, 0.25), ((nan, nan), None, 0.0)],
)
def test_a_stop_misses_what_came_lower_after_it(
    later: tuple[float, ...], index: int | None, missed_frac: float
) -> None:
    run = stopped_run(8.0, 9.0, *later, stop=1, best=0)
    assert (run.best_after_stop, run.missed_frac) == (index, missed_frac)


def test_a_run_that_was_not_stopped_missed_and_saved_nothing() -> None:
    run = judged_run(8.0, 7.0, best=0)
    assert (run.best_after_stop, run.missed_frac, run.saved(Unit.KIMG)) == (None, 0.0, 0.0)


def test_a_share_of_nothing_is_unknown() -> None:
    for best_fid in (nan, 0.0, -0.1):
        run = stopped_run(best_fid, -1.0, stop=0, best=0)
        assert run.best_after_stop == 1
        assert isnan(run.missed_frac)
        assert JudgedCurves("x", [run]).missed == []


def test_what_lies_after_the_stops_is_saved() -> None:
    stopped = stopped_run(9.0, 8.0, 8.0, 7.0, stop=1, best=1)
    curves = JudgedCurves("x", [stopped, judged_run(9.0, 8.0)])
    assert (curves.unit, curves.spent, curves.saved) == (Unit.SECONDS, 6 * 1800.0, 2 * 1800.0)
    assert curves.stopped == curves.missed == [stopped]
    assert curves.rejected == []


def test_the_run_that_missed_most_comes_first() -> None:
    runs = [stopped_run(10.0, later, stop=0, best=0) for later in (9.0, 5.0, 11.0, 8.0)]
    assert JudgedCurves("x", runs).missed == [runs[1], runs[3], runs[0]]


def test_pauses_stand_at_the_rows_that_asked_for_them() -> None:
    rows = [row(index, 60.0 / index if index < 13 else 20.0) for index in range(1, 25)]
    (run,) = join_judged(judge_curves({"a": rows}), {"a": rows}, source="x.csv").runs
    assert [run.place(pause.row) for pause in run.pauses] == ["80 kimg"]  # the fourth bad row
    assert run.pauses[0].reason.startswith("suspect: FID 4x its best")
