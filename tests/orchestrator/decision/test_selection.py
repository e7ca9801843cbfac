import json
from math import nan
from typing import Any

import pytest

from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.selection import Choice, Selection, choose_winner
from orchestrator.errors import SweepError


def scores(
    name: str, fids: list[float], coverage: float = 0.9, num_weights: int = 100
) -> CandidateScores:
    return CandidateScores(
        trial_id=name,
        snapshot_nimg=50_000,
        fids=tuple(fids),
        coverages=tuple(coverage for _ in fids),
        num_weights=num_weights,
    )


def choice(*candidates: CandidateScores) -> Choice:
    return choose_winner(candidates, min_coverage=0.6)


def winner(*candidates: CandidateScores) -> str:
    return choice(*candidates).winner.trial_id


def test_the_lowest_mean_fid_wins() -> None:
    found = choice(scores("a", [12, 12.2]), scores("b", [10, 10.2]))
    assert (found.winner.trial_id, found.winner.snapshot_nimg) == ("b", 50_000)
    assert found.reason == "FID 10.1, coverage 0.90, over 2 draws: the lowest FID of 2 candidates"


def test_the_mean_is_of_logarithms() -> None:
    # 18.7 in the geometric mean, 37.5 in the other
    assert winner(scores("even", [20, 20]), scores("uneven", [5, 70])) == "uneven"


def test_a_gap_below_what_settles_anything_is_a_tie_for_coverage() -> None:
    a, b = scores("a", [10.0], coverage=0.8), scores("b", [10.1], coverage=0.9)
    found = choice(a, b)
    assert found.winner is b
    assert "a tie with the lowest FID, 10 of a at 50 kimg (1.0% apart)" in found.reason
    assert "decided by diversity (coverage 0.80 there)" in found.reason
    assert winner(a, scores("b", [10.2], coverage=0.9)) == "a"


def test_a_gap_within_two_standard_errors_is_a_tie() -> None:
    noisy = scores("noisy", [9, 11, 10], coverage=0.8)
    assert winner(noisy, scores("b", [10.5, 10.5, 10.5], coverage=0.9)) == "b"
    assert winner(noisy, scores("b", [12.5, 12.5, 12.5], coverage=0.9)) == "noisy"


def test_a_tie_in_diversity_too_goes_to_the_smaller_generator() -> None:
    large = scores("large", [10.0], num_weights=1000)
    found = choice(large, scores("small", [10.1], num_weights=500))
    assert found.winner.trial_id == "small"
    assert found.reason.endswith("decided by size (500 weights, 1,000 there)")
    assert winner(large, scores("small", [10.1], num_weights=950)) == "large"
    assert winner(large, scores("small", [10.3], num_weights=500)) == "large"


def test_of_ties_with_equal_coverage_the_lower_fid_wins() -> None:
    assert winner(scores("a", [10.1]), scores("b", [10.0])) == "b"


def test_only_the_diverse_can_win() -> None:
    found = choice(scores("a", [5], coverage=0.59), scores("b", [10], coverage=0.6))
    assert found.winner.trial_id == "b"
    assert found.passed_gate


def test_without_a_diverse_candidate_fid_decides_and_the_reason_says_so() -> None:
    found = choice(scores("a", [5], coverage=0.2), scores("b", [10], coverage=0.5))
    assert found.winner.trial_id == "a"
    assert not found.passed_gate
    assert found.reason.startswith("no candidate reaches coverage 0.60; ")


def test_diversity_that_was_not_measured_did_not_pass() -> None:
    found = choice(scores("a", [5], coverage=nan))
    assert not found.passed_gate
    assert "coverage not measured" in found.reason


def test_a_candidate_that_cannot_be_scored_cannot_win() -> None:
    assert winner(scores("a", [1, nan]), scores("b", [10, 10])) == "b"


@pytest.mark.parametrize("candidates", [[], [scores("a", [nan])], [scores("a", [])]])
def test_without_a_score_there_is_no_winner(candidates: list[Any]) -> None:
    with pytest.raises(SweepError, match=f"none of the {len(candidates)} candidates could be"):
        choice(*candidates)


def test_a_selection_is_plain_data() -> None:
    selection = Selection(
        trial_id="a",
        snapshot_nimg=1000,
        fid=10.0,
        fid_standard_error=nan,
        coverage=nan,
        candidates=3,
        evaluations=9,
        reason="because",
        passed_gate=True,
        comparisons=({"other": "b", "p_value": None},),
    )
    values = selection.to_mapping()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert (values["fid"], values["fid_standard_error"], values["optimism"]) == (10.0, None, None)
    assert values["comparisons"] == [{"other": "b", "p_value": None}]
