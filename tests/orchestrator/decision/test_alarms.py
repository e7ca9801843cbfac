from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isnan, log, nan
from typing import Any

import pytest

from orchestrator.decision.alarms import (
    is_collapsed,
    is_degraded,
    is_diverged,
    reference_coverage,
    reference_log_fid,
    streak,
)
from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


def case_of(rows: Sequence[Evaluation], self_coverage: float = 0.97) -> Case:
    curve = Curve.of(rows)
    return Case(curve, curve.index_of_best, VerdictRules(), self_coverage)


def test_the_reference_is_the_median_of_the_three_lowest_before_the_latest_three(
    make_rows: MakeRows,
) -> None:
    curve = Curve.of(make_rows([90, 20, 1, 30, 40, 2, 2, 2]))
    assert reference_log_fid(curve, 7) == log(20)  # of 1, 20, 30; the lucky 1 does not count
    assert isnan(reference_log_fid(curve, 4))


def test_the_reference_coverage_is_the_mean_of_the_three_best(make_rows: MakeRows) -> None:
    curve = Curve.of(make_rows([9] * 5, [0.2, 0.8, nan, 0.6, 0.7]))
    assert reference_coverage(curve, 4) == pytest.approx(0.7)
    assert reference_coverage(curve, 0) == 0.2
    assert isnan(reference_coverage(Curve.of(make_rows([9])), 0))


@pytest.mark.parametrize(
    ("bad_rows", "length"), [([], 0), ([7], 0), ([8, 9], 2), ([6, 8, 9], 2), ([5, 6, 7, 8, 9], 4)]
)
def test_a_streak_counts_back_from_the_last_row(
    make_rows: MakeRows, bad_rows: list[int], length: int
) -> None:
    case = case_of(make_rows([1] * 10))
    assert streak(lambda _, index: index in bad_rows, case, first=1, most=4) == length


def test_a_streak_does_not_reach_into_the_warm_up(make_rows: MakeRows) -> None:
    case = case_of(make_rows([1] * 10))
    assert streak(lambda _, __: True, case, first=8, most=5) == 2


def test_divergence_is_twice_the_first_fid(make_rows: MakeRows) -> None:
    case = case_of(make_rows([100, 50, 199, 201]))
    assert [is_diverged(case, index) for index in range(4)] == [False, False, False, True]


@pytest.mark.parametrize("logits", [{"d_real_logit": 2e3}, {"d_fake_logit": -2e3}])
def test_divergence_is_a_runaway_logit(make_rows: MakeRows, logits: dict[str, Any]) -> None:
    rows = [replace(row, **logits) for row in make_rows([100, 50])]
    assert is_diverged(case_of(rows), 1)


def test_collapse_needs_both_a_loss_of_coverage_and_a_worse_fid(make_rows: MakeRows) -> None:
    healthy, high = [20.0] * 9, [0.8] * 9
    assert is_collapsed(case_of(make_rows([*healthy, 40], [*high, 0.3])), 9)
    assert not is_collapsed(case_of(make_rows([*healthy, 20], [*high, 0.3])), 9)
    assert not is_collapsed(case_of(make_rows([*healthy, 40], [*high, 0.5])), 9)
    assert not is_collapsed(case_of(make_rows([*healthy, 40])), 9)


def test_what_was_never_diverse_has_not_lost_its_diversity(make_rows: MakeRows) -> None:
    slow, lost = (make_rows([20.0] * 19 + [40.0], [had] * 19 + [0.01]) for had in (0.08, 0.4))
    assert not is_collapsed(case_of(slow), 19)
    assert is_collapsed(case_of(lost), 19)


@pytest.mark.parametrize(("disagreement", "collapsed"), [(1.1, True), (1.5, False)])
def test_collapse_needs_more_evidence_where_half_samples_disagree(
    make_rows: MakeRows, disagreement: float, *, collapsed: bool
) -> None:
    rows = [
        replace(row, fid_a=row.fid * disagreement, fid_b=row.fid / disagreement)
        for row in make_rows([20.0] * 19 + [40.0], [0.8] * 19 + [0.2])
    ]
    assert is_collapsed(case_of(rows), 19) is collapsed


def test_degradation_is_a_fid_above_noise_and_wobble(make_rows: MakeRows) -> None:
    assert is_degraded(case_of(make_rows([20.0] * 9 + [25.5])), 9)
    assert not is_degraded(case_of(make_rows([20.0] * 9 + [24.5])), 9)
    assert not is_degraded(case_of(make_rows([20.0, 30.0] * 10)), 19)  # it always swings so


def test_conditions_see_nothing_after_their_row(make_rows: MakeRows) -> None:
    fids, coverages = [20.0] * 9 + [45.0] + [3.0] * 9, [0.8] * 9 + [0.1] + [0.9] * 9
    whole, cut = make_rows(fids, coverages), make_rows(fids[:10], coverages[:10])
    for condition in (is_collapsed, is_degraded):
        assert condition(case_of(whole), 9)
        assert condition(case_of(cut), 9)
