from dataclasses import dataclass, field
from math import inf, nan

from orchestrator.decision.finalists import choose_finalists
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


def test_the_best_scores_come_first_and_equals_by_index() -> None:
    trials = [trial(0, 2.0), trial(2, 1.0), trial(1, 1.0), trial(3, 0.5)]
    assert names(trials) == ["trial-3", "trial-1", "trial-2"]


def test_dead_and_rejected_trials_are_no_candidates() -> None:
    trials = [
        trial(0, 3.0),
        trial(1, 0.1, kind=VerdictKind.DEAD, action=Action.STOP_REJECT),
        trial(2, 0.1, kind=VerdictKind.DIVERGED, action=Action.STOP_REJECT),
        trial(3, 0.1, kind=VerdictKind.COLLAPSED, action=Action.STOP_REJECT),
        trial(4, 2.0, kind=VerdictKind.COLLAPSED),
    ]
    assert names(trials) == ["trial-4", "trial-0"]


def test_a_trial_without_a_score_or_a_checkpoint_is_no_candidate() -> None:
    empty = Trial(TrialRecord(trial_id="empty", index=9))
    assert names([empty, trial(0, inf), trial(1, nan)]) == []


def test_a_trial_that_was_never_judged_may_be_a_finalist() -> None:
    unjudged = trial(0, 1.0)
    unjudged.verdicts.clear()
    assert names([unjudged]) == ["trial-0"]


def test_diversity_comes_before_the_score() -> None:
    trials = [trial(0, 0.5, coverage=0.3), trial(1, 2.0, coverage=0.6)]
    assert names(trials) == ["trial-1"]


def test_diversity_that_was_not_measured_is_no_bar() -> None:
    trials = [trial(0, 0.5, coverage=nan), trial(1, 2.0, coverage=0.7)]
    assert names(trials) == ["trial-0", "trial-1"]


def test_without_a_diverse_trial_the_best_are_taken_all_the_same() -> None:
    trials = [trial(0, 2.0, coverage=0.5), trial(1, 1.0, coverage=0.1)]
    assert names(trials, count=1) == ["trial-1"]
