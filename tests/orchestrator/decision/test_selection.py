import json
from dataclasses import dataclass, field
from math import inf, nan
from statistics import stdev
from typing import Any

import pytest

from orchestrator.decision.selection import (
    CandidateScores,
    Selection,
    choose_finalists,
    choose_winner,
)
from orchestrator.errors import SweepError
from orchestrator.records import Action, TrialRecord, Verdict, VerdictKind


@dataclass
class Trial:
    record: TrialRecord
    verdicts: list[Verdict] = field(default_factory=list)


def trial(
    index: int,
    score: float,
    coverage: float = 0.9,
    kind: VerdictKind = VerdictKind.CONVERGED,
    action: Action = Action.STOP_KEEP_BEST,
) -> Trial:
    record = TrialRecord(
        trial_id=f"trial-{index}",
        index=index,
        verdict=kind,
        score=score,
        best_coverage=coverage,
        best_step=100,
        best_nimg=10_000,
        nimg=20_000,
    )
    return Trial(record, [Verdict(kind=kind, action=action, reason="because")])


def names(trials: list[Trial], count: int = 3, min_coverage: float = 0.6) -> list[str]:
    return [record.trial_id for record in choose_finalists(trials, count, min_coverage)]


class TestFinalists:
    def test_the_best_scores_come_first_and_equals_by_index(self) -> None:
        trials = [trial(0, 2.0), trial(2, 1.0), trial(1, 1.0), trial(3, 0.5)]
        assert names(trials) == ["trial-3", "trial-1", "trial-2"]

    def test_dead_and_rejected_trials_are_no_candidates(self) -> None:
        trials = [
            trial(0, 3.0),
            trial(1, 0.1, kind=VerdictKind.DEAD, action=Action.STOP_REJECT),
            trial(2, 0.1, kind=VerdictKind.DIVERGED, action=Action.STOP_REJECT),
            trial(3, 0.1, kind=VerdictKind.COLLAPSED, action=Action.STOP_REJECT),
            trial(4, 2.0, kind=VerdictKind.COLLAPSED),
        ]
        assert names(trials) == ["trial-4", "trial-0"]

    def test_a_trial_without_a_score_or_a_checkpoint_is_no_candidate(self) -> None:
        empty = Trial(TrialRecord(trial_id="empty", index=9))
        assert names([empty, trial(0, inf), trial(1, nan)]) == []

    def test_a_trial_that_was_never_judged_may_be_a_finalist(self) -> None:
        unjudged = trial(0, 1.0)
        unjudged.verdicts.clear()
        assert names([unjudged]) == ["trial-0"]

    def test_diversity_comes_before_the_score(self) -> None:
        trials = [trial(0, 0.5, coverage=0.3), trial(1, 2.0, coverage=0.6)]
        assert names(trials) == ["trial-1"]

    def test_diversity_that_was_not_measured_is_no_bar(self) -> None:
        trials = [trial(0, 0.5, coverage=nan), trial(1, 2.0, coverage=0.7)]
        assert names(trials) == ["trial-0", "trial-1"]

    def test_without_a_diverse_trial_the_best_are_taken_all_the_same(self) -> None:
        trials = [trial(0, 2.0, coverage=0.5), trial(1, 1.0, coverage=0.1)]
        assert names(trials, count=1) == ["trial-1"]


def scores(name: str, fids: list[float], coverage: float = 0.9) -> CandidateScores:
    return CandidateScores(
        trial_id=name,
        snapshot_nimg=50_000,
        fids=tuple(fids),
        coverages=tuple(coverage for _ in fids),
    )


def winner(*candidates: CandidateScores) -> Selection:
    return choose_winner(candidates, min_coverage=0.6)


class TestWinner:
    def test_the_lowest_mean_fid_wins(self) -> None:
        selection = winner(scores("a", [12, 12.2]), scores("b", [10, 10.2]))
        assert (selection.trial_id, selection.snapshot_nimg) == ("b", 50_000)
        assert selection.fid == pytest.approx(10.1)
        assert selection.reason == (
            "FID 10.1, coverage 0.90, over 2 draws: the lowest FID of 2 candidates"
        )

    def test_the_mean_is_of_logarithms(self) -> None:
        even, uneven = scores("even", [20, 20]), scores("uneven", [5, 70])
        assert winner(even, uneven).trial_id == "uneven"  # 18.7 in the geometric mean
        assert uneven.log_fid < even.log_fid

    def test_a_gap_below_what_settles_anything_is_a_tie_for_coverage(self) -> None:
        a, b = scores("a", [10.0], coverage=0.8), scores("b", [10.1], coverage=0.9)
        selection = winner(a, b)
        assert selection.trial_id == "b"
        assert "a tie with the lowest FID, 10 of a at 50 kimg (1.0% apart)" in selection.reason
        assert winner(a, scores("b", [10.2], coverage=0.9)).trial_id == "a"

    def test_a_gap_within_two_standard_errors_is_a_tie(self) -> None:
        noisy = scores("noisy", [9, 11, 10], coverage=0.8)
        assert winner(noisy, scores("b", [10.5, 10.5, 10.5], coverage=0.9)).trial_id == "b"
        assert winner(noisy, scores("b", [12.5, 12.5, 12.5], coverage=0.9)).trial_id == "noisy"

    def test_a_hair_more_coverage_does_not_break_a_tie(self) -> None:
        a, b = scores("a", [10.0], coverage=0.990), scores("b", [10.1], coverage=0.998)
        assert winner(a, b).trial_id == "a"
        assert "the lowest FID of 2" in winner(a, b).reason

    def test_coverage_that_is_as_noisy_as_its_gain_does_not_break_a_tie(self) -> None:
        steady = scores("steady", [10.0, 10.0], coverage=0.85)
        noisy = CandidateScores(
            trial_id="noisy", snapshot_nimg=1, fids=(10.1, 10.1), coverages=(0.86, 0.94)
        )
        assert winner(steady, noisy).trial_id == "steady"

    def test_coverage_that_was_not_measured_does_not_break_a_tie(self) -> None:
        assert winner(scores("a", [10.0]), scores("b", [10.1], coverage=nan)).trial_id == "a"
        assert winner(scores("a", [10.0], coverage=nan), scores("b", [10.1])).trial_id == "a"

    def test_of_ties_with_equal_coverage_the_lower_fid_wins(self) -> None:
        assert winner(scores("a", [10.1]), scores("b", [10.0])).trial_id == "b"

    def test_only_the_diverse_can_win(self) -> None:
        selection = winner(scores("a", [5], coverage=0.59), scores("b", [10], coverage=0.6))
        assert selection.trial_id == "b"
        assert selection.passed_gate
        assert selection.candidates == 2

    def test_without_a_diverse_candidate_fid_decides_and_the_reason_says_so(self) -> None:
        selection = winner(scores("a", [5], coverage=0.2), scores("b", [10], coverage=0.5))
        assert selection.trial_id == "a"
        assert not selection.passed_gate
        assert selection.reason.startswith("no candidate reaches coverage 0.60; ")

    def test_diversity_that_was_not_measured_did_not_pass(self) -> None:
        selection = winner(scores("a", [5], coverage=nan))
        assert not selection.passed_gate
        assert "coverage not measured" in selection.reason

    def test_a_candidate_that_cannot_be_scored_cannot_win(self) -> None:
        assert winner(scores("a", [1, nan]), scores("b", [10, 10])).trial_id == "b"

    @pytest.mark.parametrize("candidates", [[], [scores("a", [nan])], [scores("a", [])]])
    def test_without_a_score_there_is_no_selection(self, candidates: list[Any]) -> None:
        with pytest.raises(SweepError, match=f"none of the {len(candidates)} candidates"):
            winner(*candidates)

    def test_what_was_looked_at_is_counted(self) -> None:
        selection = winner(scores("a", [10, 11, 12]), scores("b", [20, 21, 22]))
        assert (selection.candidates, selection.evaluations) == (2, 6)
        assert selection.fid_standard_error == pytest.approx(stdev([10, 11, 12]) / 3**0.5)

    def test_a_selection_is_plain_data(self) -> None:
        values = winner(scores("a", [10.0], coverage=nan)).to_mapping()
        assert json.loads(json.dumps(values, allow_nan=False)) == values
        assert values["fid_standard_error"] is None
        assert values["fid"] == 10.0
