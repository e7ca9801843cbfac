from collections.abc import Callable
from dataclasses import replace
from math import inf, isnan, nan

import pytest

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.feedback import (
    balanced_accuracy,
    gradient_left,
    is_overpowered,
    is_uninformative,
    overfitting_in_words,
    recent_accuracy,
)
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


def case_of(rows: list[Evaluation]) -> Case:
    return Case(Curve.of(rows), best=0, rules=VerdictRules(), self_coverage=0.97)


def test_held_out_reals_count_where_they_were_seen() -> None:
    row = Evaluation(run="a", step=0, fid=1.0, d_real_acc=1.0, d_heldout_acc=0.6, d_fake_acc=0.8)
    assert balanced_accuracy(row) == pytest.approx(0.7)
    assert balanced_accuracy(replace(row, d_heldout_acc=nan)) == pytest.approx(0.9)
    assert isnan(balanced_accuracy(replace(row, d_fake_acc=nan)))


def test_the_accuracy_is_that_of_the_latest_four(make_rows: MakeRows) -> None:
    rows = [
        replace(row, d_heldout_acc=value, d_fake_acc=value)
        for row, value in zip(make_rows([9] * 6), (1.0, 1.0, 0.5, 0.6, 0.5, 0.6), strict=True)
    ]
    assert recent_accuracy(case_of(rows), 5) == pytest.approx(0.55)
    assert is_uninformative(case_of(rows), 5)
    assert recent_accuracy(case_of(rows), 1) == 1.0
    assert not is_uninformative(case_of(rows), 1)


def test_an_unknown_accuracy_says_nothing(make_rows: MakeRows) -> None:
    case = case_of(make_rows([9] * 6))
    assert not is_uninformative(case, 5)
    assert not is_overpowered(case, 5)


def test_the_gradient_is_compared_with_its_early_median(make_rows: MakeRows) -> None:
    norms = (nan, 50.0, 2.0, 4.0, nan, 6.0, 4.0, 3.0, 9.0, 1.0)
    rows = [
        replace(row, g_grad_norm=norm) for row, norm in zip(make_rows([9] * 10), norms, strict=True)
    ]
    assert gradient_left(case_of(rows), 9) == pytest.approx(1.0 / 4.0)
    assert isnan(gradient_left(case_of(make_rows([9] * 10)), 9))
    assert isnan(gradient_left(case_of([replace(row, g_grad_norm=0.0) for row in rows]), 9))


@pytest.mark.parametrize(
    ("accuracy", "gradient", "last_fid", "expected"),
    [
        (0.99, 0.01, 50.0, True),
        (0.90, 0.01, 50.0, False),
        (0.99, 0.50, 50.0, False),
        (0.99, 0.01, 25.0, False),
    ],
    ids=["all three", "D is not always right", "G has a gradient", "FID falls"],
)
def test_overpowered_needs_all_three_signs(
    make_rows: MakeRows, accuracy: float, gradient: float, last_fid: float, expected: bool
) -> None:
    rows = make_rows([100.0] + [50.0] * 18 + [last_fid], log_noise=0.02)
    norms = [1.0] * 8 + [gradient] * 12
    rows = [
        replace(row, d_heldout_acc=accuracy, d_fake_acc=accuracy, g_grad_norm=norm)
        for row, norm in zip(rows, norms, strict=True)
    ]
    assert is_overpowered(case_of(rows), 19) is expected


def test_overfitting_is_a_gap_between_seen_and_unseen_reals(make_rows: MakeRows) -> None:
    (row,) = make_rows([9])
    overfitted = [replace(row, d_real_acc=0.95, d_heldout_acc=0.6)]
    assert "right on 0.95 of the reals it learnt from, 0.60 of" in overfitting_in_words(
        case_of(overfitted)
    )
    assert overfitting_in_words(case_of([replace(row, d_real_acc=0.8, d_heldout_acc=0.6)])) == ""
    assert overfitting_in_words(case_of([row])) == ""


@pytest.mark.parametrize(("real", "fake"), [(inf, 0.5), (0.5, -inf), (1e308, 1e308)])
def test_accuracies_that_are_no_shares_say_nothing(
    make_rows: MakeRows, real: float, fake: float
) -> None:
    rows = [replace(row, d_real_acc=real, d_fake_acc=fake) for row in make_rows([20.0] * 10)]
    assert isnan(recent_accuracy(case_of(rows), 9))
