from math import isnan, nan
from typing import Any

import pytest

from orchestrator.curves.rows import Row, collect_curves
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation


def collect(*rows: dict[str, Any]) -> dict[str, list[Evaluation]]:
    placed = [Row(cells, f"file, line {number}") for number, cells in enumerate(rows, start=2)]
    return collect_curves(placed, default_run="file")


def steps(curve: list[Evaluation]) -> list[int]:
    return [row.step for row in curve]


def test_rows_are_grouped_by_run_in_the_order_they_appear() -> None:
    curves = collect(
        {"run": "b", "step": 1, "fid": 9.0},
        {"run": "a", "step": 1, "fid": 8.0},
        {"run": "b", "step": 0, "fid": 7.0},
    )
    assert list(curves) == ["b", "a"]
    assert curves["b"] == [
        Evaluation(run="b", step=1, fid=9.0),
        Evaluation(run="b", step=0, fid=7.0),
    ]


@pytest.mark.parametrize("run", [{}, {"run": ""}, {"run": None}])
def test_without_a_run_the_file_is_the_run(run: dict[str, Any]) -> None:
    assert list(collect({"step": 1, "fid": 9.0} | run)) == ["file"]


@pytest.mark.parametrize("step", [2000, "2000", " 2000 ", 2000.0, "2000.0", "2e3"])
def test_a_step_may_be_written_as_any_whole_number(step: Any) -> None:
    assert steps(collect({"step": step, "fid": 9})["file"]) == [2000]


def test_every_column_is_read_as_what_it_holds() -> None:
    text = {"step": "1", "fid": "9.5", "nimg": "64", "finite": "False", "protocol": "fid10k"}
    (row,) = collect(text | {"coverage": "", "learning_rate": "x"})["file"]
    expected = {"nimg": 64, "finite": False, "protocol": "fid10k", "coverage": None}
    assert row.to_mapping() == Evaluation(run="file", step=1, fid=9.5).to_mapping() | expected


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"step": "1"}, "line 2: no fid; a curve needs step and fid in every row"),
        ({"fid": "1"}, "line 2: no step"),
        ({"step": "", "fid": "1"}, "line 2: step is empty"),
        ({"step": "1.5", "fid": "1"}, "line 2: step '1.5' is not a whole number"),
        ({"step": "inf", "fid": "1"}, "step 'inf' is not a whole number"),
        ({"step": "1", "fid": "good"}, "line 2: fid 'good' is not a number"),
        ({"step": "1", "fid": [1]}, "fid \\[1\\] is not a number"),
        ({"step": "1", "fid": "1", "finite": "maybe"}, "finite 'maybe' is not true or false"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_named(cells: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        collect(cells)


def test_rows_between_evaluations_are_left_out() -> None:
    fids = ["", "9", "", "", "8", "", ""]
    rows = [{"step": step, "fid": fid, "g_loss": 1.0} for step, fid in enumerate(fids)]
    assert steps(collect(*rows)["file"]) == [1, 4]


def test_a_run_whose_fid_ends_early_has_died() -> None:
    rows = [{"step": step, "fid": fid} for step, fid in enumerate([9.0, 8.0, None, None])]
    curve = collect(*rows)["file"]
    assert steps(curve) == [0, 1, 2, 3]
    assert isnan(curve[2].fid)


def test_a_nan_is_not_an_empty_cell() -> None:
    rows = [{"step": step, "fid": fid} for step, fid in enumerate([9.0, nan, "nan", 8.0])]
    assert steps(collect(*rows)["file"]) == [0, 1, 2, 3]


def test_a_row_that_says_it_is_not_finite_is_never_left_out() -> None:
    curve = collect(
        {"step": 0, "fid": None, "finite": False},
        {"step": 1, "fid": None, "finite": True},
        {"step": 2, "fid": 8.0, "finite": True},
    )["file"]
    assert steps(curve) == [0, 2]
    assert not curve[0].finite


def test_hours_stand_in_for_seconds() -> None:
    cells = {"step": 1, "fid": 9.0, "hours": "0.5"}
    (row,) = collect_curves([Row(cells, "here")], default_run="a")["a"]
    assert row.seconds == 1800.0
    (own,) = collect_curves([Row(cells | {"seconds": 7.0}, "here")], default_run="a")["a"]
    assert own.seconds == 7.0
    with pytest.raises(ConfigError, match="here: hours 'x' is not a number"):
        collect_curves([Row(cells | {"hours": "x"}, "here")], default_run="a")
