from collections.abc import Callable

import pytest

from orchestrator.decision.case import (
    Case,
    coverage_and_best,
    fid_against_best,
    fid_against_first,
    fid_and_best,
    times,
)
from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]


@pytest.fixture
def case(make_rows: MakeRows) -> Case:
    curve = Curve.of(make_rows([20, 11.84, 30], [0.5, 0.84, 0.31]))
    return Case(curve, 1, VerdictRules(), 0.95)


def test_evidence_is_in_words_and_numbers(case: Case) -> None:
    assert fid_and_best(case) == "FID 30, best 11.8 at 10 kimg"
    assert fid_against_best(case) == "FID 2.53x its best (11.8 at 10 kimg)"
    assert fid_against_first(case) == "FID 1.5x its first value (20)"
    assert coverage_and_best(case) == "coverage 0.31, was 0.84 at 10 kimg"


def test_the_best_row_is_not_compared_with_itself(make_rows: MakeRows) -> None:
    case = Case(Curve.of(make_rows([20, 10], [0.1, 0.2])), 1, VerdictRules(), 0.95)
    assert fid_and_best(case) == "FID 10, its best so far"
    assert coverage_and_best(case) == "coverage 0.20"


def test_the_coverage_gate_is_a_share_of_what_real_samples_reach(case: Case) -> None:
    assert case.coverage_gate == pytest.approx(0.8 * 0.95)


def test_a_ratio_beyond_all_numbers_is_still_said() -> None:
    assert times(1e6).endswith("x")
