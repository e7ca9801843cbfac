from math import exp, inf, isinf, isnan, nan
from statistics import stdev

import pytest

from orchestrator.decision.candidate import CandidateScores, standard_error


def candidate(*fids: float) -> CandidateScores:
    """Return a candidate with these scores, one draw after the other."""
    scores = CandidateScores(trial_id="a", snapshot_nimg=1000)
    for fid in fids:
        scores = scores.with_draw(
            fid=fid, coverage=fid / 100, debiased_fid=fid - 1, standard_error=0.5
        )
    return scores


def test_the_scores_of_all_draws_are_pooled() -> None:
    pooled = candidate(8, 10, 12)
    assert pooled.fid == 10
    assert exp(pooled.log_fid) == pytest.approx((8 * 10 * 12) ** (1 / 3))
    assert pooled.coverage == pytest.approx(0.1)
    assert pooled.debiased_fid == 9
    assert pooled.coverage_standard_error == pytest.approx(stdev([0.08, 0.1, 0.12]) / 3**0.5)


def test_the_error_of_the_debiased_distance_does_not_average_out() -> None:
    assert candidate(8, 10, 12).debiased_standard_error == 0.5


def test_before_any_draw_nothing_is_known() -> None:
    empty = candidate()
    assert not empty.is_scored
    assert isinf(empty.log_fid)
    assert isnan(empty.fid)
    assert isnan(empty.coverage)
    assert isnan(empty.debiased_fid)
    assert (empty.log_standard_error, empty.coverage_standard_error) == (0, 0)


@pytest.mark.parametrize("broken", [nan, inf])
def test_one_draw_without_a_score_leaves_the_candidate_without(broken: float) -> None:
    found = candidate(8, broken, 12)
    assert not found.is_scored
    assert found.log_fid == inf
    assert found.log_standard_error == 0


def test_one_value_has_no_standard_error() -> None:
    assert standard_error([3.0]) == 0
    assert standard_error([]) == 0
    assert standard_error([1.0, nan]) == 0
    assert standard_error([1.0, 3.0]) == pytest.approx(1.0)
