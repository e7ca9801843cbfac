from collections.abc import Callable
from dataclasses import replace
from math import inf, nan

import pytest

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.gate import gated_coverage, is_narrow, is_worth_keeping
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


def case_of(rows: list[Evaluation]) -> Case:
    curve = Curve.of(rows)
    return Case(curve, curve.index_of_best, VerdictRules(), 1.0)


@pytest.mark.parametrize(
    ("coverages", "expected"),
    [
        ([0.1, 0.9, 0.9, 0.9], 0.9),
        ([0.1, 0.7, 0.9, 0.9], 0.7),  # the best checkpoint itself is not diverse
        ([0.1, 0.9, 0.2, 0.2], 0.2),  # its diversity was lost since
        ([0.1, 0.9, 0.2, nan], 0.55),
        ([nan, nan, nan, nan], -inf),
        ([0.1, nan, 0.9, 0.9], -inf),
    ],
)
def test_the_gate_asks_the_best_checkpoint_and_the_latest_ones(
    make_rows: MakeRows, coverages: list[float], expected: float
) -> None:
    case = case_of(make_rows([50, 10, 11, 12], coverages))
    assert gated_coverage(case) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("best_fid", "coverage", "worth"),
    [(10, 0.85, True), (10, 0.75, False), (10, nan, True), (46, nan, False), (44, nan, True)],
)
def test_a_broken_trial_is_kept_for_a_diverse_best_or_one_that_had_improved(
    make_rows: MakeRows, best_fid: float, coverage: float, *, worth: bool
) -> None:
    case = case_of(make_rows([50, best_fid, 300], [nan, coverage, 0.0]))
    assert is_worth_keeping(case) is worth


@pytest.mark.parametrize(
    ("coverage", "precision", "narrow"),
    [(0.2, 0.9, True), (0.2, 0.1, False), (0.3, 0.9, False), (nan, 0.9, False)],
    ids=["few real-looking things", "nothing real-looking", "many things", "unknown"],
)
def test_narrow_is_real_looking_without_variety(
    make_rows: MakeRows, coverage: float, precision: float, *, narrow: bool
) -> None:
    rows = [replace(row, precision=precision) for row in make_rows([50, 10, 10], [coverage] * 3)]
    assert is_narrow(case_of(rows)) is narrow


@pytest.mark.parametrize(("coverage", "narrow"), [(0.09, True), (0.11, False), (nan, False)])
def test_without_precision_next_to_no_coverage_says_it(
    make_rows: MakeRows, coverage: float, *, narrow: bool
) -> None:
    assert is_narrow(case_of(make_rows([50, 10, 10], [coverage] * 3))) is narrow
