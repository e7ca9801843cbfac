from collections.abc import Callable
from dataclasses import replace
from math import inf, log, nan

import pytest

from orchestrator.decision.score import (
    best_evaluation,
    best_so_far,
    log_metric,
    smoothed_log_fid,
)
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


@pytest.mark.parametrize("fid", [nan, inf, -inf])
def test_a_metric_that_is_not_finite_is_the_worst(fid: float) -> None:
    assert log_metric(fid) == inf


def test_a_distance_rounded_below_zero_still_has_a_logarithm() -> None:
    assert log_metric(-1e-15) == log_metric(0.0) < log_metric(1e-9) == log(1e-9)


def test_smoothing_is_the_median_of_the_last_three(make_rows: MakeRows) -> None:
    rows = make_rows([8, 2, 4, 1, 16])
    expected = [log(8), log(4), log(4), log(2), log(4)]  # of two values, the geometric mean
    assert smoothed_log_fid(rows) == pytest.approx(expected)


def test_one_lucky_evaluation_is_not_the_best_so_far(make_rows: MakeRows) -> None:
    assert best_so_far(make_rows([10, 10, 10, 1, 10, 10])) == log(10)


def test_one_evaluation_that_is_not_finite_is_forgiven(make_rows: MakeRows) -> None:
    assert best_so_far(make_rows([5, nan, 5])) == log(5)


def test_nothing_measured_scores_infinity(make_rows: MakeRows) -> None:
    assert best_so_far([]) == best_so_far(make_rows([nan, inf])) == inf


def test_the_best_evaluation_is_the_first_of_equals(make_rows: MakeRows) -> None:
    best = best_evaluation(make_rows([9, 3, nan, 3]))
    assert best is not None
    assert best.step == 100


def test_weights_that_are_not_finite_are_never_the_best(make_rows: MakeRows) -> None:
    good, broken = make_rows([9, 3])
    assert best_evaluation([good, replace(broken, finite=False)]) == good
    assert best_evaluation([replace(good, finite=False)]) is None


def test_weights_that_are_not_finite_do_not_rank_a_trial(make_rows: MakeRows) -> None:
    rows = make_rows([9, 9, 9, 1, 1, 1])
    broken = [*rows[:3], *(replace(row, finite=False) for row in rows[3:])]
    assert best_so_far(broken) == log(9)
