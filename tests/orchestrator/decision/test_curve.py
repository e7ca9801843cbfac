from collections.abc import Callable
from dataclasses import replace
from math import inf, log, nan

import pytest

from orchestrator.decision.curve import Curve, in_order, is_measured
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


def test_late_rows_are_put_in_order_and_the_first_of_a_step_counts(make_rows: MakeRows) -> None:
    first, second, third = make_rows([3, 2, 1])
    doubled = replace(second, fid=99.0)
    assert in_order([third, second, first, doubled]) == [first, second, third]


def test_rows_that_are_not_finite_are_left_out(make_rows: MakeRows) -> None:
    rows = make_rows([4, nan, inf, 2])
    rows.append(replace(rows[-1], step=999, finite=False))
    assert [is_measured(row) for row in rows] == [True, False, False, True, False]
    assert Curve.of(rows).log_fid == [log(4), log(2)]


def test_the_budget_counts_images_where_they_were_counted(make_rows: MakeRows) -> None:
    curve = Curve.of(make_rows([4, 3, 2], every_nimg=10_500))
    assert curve.counts_images
    assert curve.budget == [0, 10_500, 21_000]
    assert curve.place(2) == "21 kimg"


@pytest.mark.parametrize("images", [[0, 0, 0], [0, 5, 5], [9, 5, 7]])
def test_the_budget_counts_steps_where_images_do_not_increase(
    make_rows: MakeRows, images: list[int]
) -> None:
    rows = [replace(row, nimg=nimg) for row, nimg in zip(make_rows([4, 3, 2]), images, strict=True)]
    curve = Curve.of(rows)
    assert not curve.counts_images
    assert curve.budget == [0, 100, 200]
    assert curve.place(2) == "step 200"


def test_the_best_row_is_the_lowest_fid(make_rows: MakeRows) -> None:
    assert Curve.of(make_rows([4, 2, 3, 2])).index_of_best == 1
