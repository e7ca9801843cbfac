from collections.abc import Callable
from math import inf, nan

import pytest

from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from orchestrator.simulation.cohort import AXIS_UNITS, Cohort, best_fid

MakeCurve = Callable[..., list[Evaluation]]


def test_compute_is_hours_where_every_row_has_them(make_curve: MakeCurve) -> None:
    fast = make_curve("fast", [9, 8], hours=[1, 2])
    slow = make_curve("slow", [9, 8], hours=[4, 8])
    cohort = Cohort.of({"fast": fast, "slow": slow})
    assert cohort.unit == "hours"
    assert [run.spent for run in cohort.runs] == [[1, 2], [4, 8]]
    assert (cohort.longest, cohort.full) == (8, 10)


@pytest.mark.parametrize("hours", [None, [1, nan], [2, 1], [0, 0]], ids=str)
def test_compute_is_steps_where_one_run_lacks_hours_that_grow(
    make_curve: MakeCurve, hours: list[float] | None
) -> None:
    timed, other = make_curve("a", [9, 8], hours=[1, 2]), make_curve("b", [9, 8], hours=hours)
    cohort = Cohort.of({"a": timed, "b": other})
    assert cohort.unit == "steps"
    assert [run.spent for run in cohort.runs] == [[100, 200], [100, 200]]


def test_rows_are_put_on_one_axis_of_compute(make_curve: MakeCurve) -> None:
    curves = {"a": make_curve("a", [9] * 2), "b": make_curve("b", [9] * 4)}
    cohort = Cohort.of(curves)
    axis = [[row.nimg / AXIS_UNITS for row in cohort.rows_on_axis(run)] for run in cohort.runs]
    assert axis == [[0.25, 0.5], [0.25, 0.5, 0.75, 1.0]]


def test_rows_out_of_order_are_ordered(make_curve: MakeCurve) -> None:
    rows = make_curve("a", [9, 8, 7])
    (run,) = Cohort.of({"a": rows[::-1]}).runs
    assert [row.fid for row in run.rows] == [9, 8, 7]


def test_the_best_is_the_lowest_that_could_be_measured(make_curve: MakeCurve) -> None:
    curves = {
        "a": make_curve("a", [9, nan]),
        "b": make_curve("b", [7, 8]),
        "c": make_curve("c", [inf]),
    }
    assert Cohort.of(curves).true_best.name == "b"
    assert best_fid(curves["c"]) == inf


def test_a_cohort_without_any_number_is_refused(make_curve: MakeCurve) -> None:
    with pytest.raises(ConfigError, match="no run has a FID that is a number"):
        Cohort.of({"a": make_curve("a", [nan, nan])})


@pytest.mark.parametrize("steps", [(0, 0), (-200, -100), (-100, 100)])
def test_a_run_that_spends_nothing_is_refused(steps: tuple[int, int]) -> None:
    rows = [Evaluation(run="a", step=step, fid=1.0) for step in dict.fromkeys(steps)]
    with pytest.raises(ConfigError, match="run 'a' spends from .* compute must be 0 or more"):
        Cohort.of({"a": rows})
