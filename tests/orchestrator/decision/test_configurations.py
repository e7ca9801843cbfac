from math import isnan, nan
from statistics import stdev

import pytest

from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.configurations import (
    Configuration,
    choose_configuration,
    chosen_by_snapshot,
)


def configuration(
    name: str, *fids: float | None, coverage: float = 0.9, num_weights: int = 100
) -> Configuration:
    """Return a configuration with these FIDs, a training each; None is one that failed."""
    trainings = (
        None
        if fid is None
        else CandidateScores(
            trial_id=f"{name}-{seed}",
            snapshot_nimg=1,
            fids=(fid, fid),
            coverages=(coverage, coverage),
            num_weights=num_weights,
        )
        for seed, fid in enumerate(fids)
    )
    return Configuration(trial_id=name, trainings=tuple(trainings))


def winner(*configurations: Configuration) -> str:
    return choose_configuration(configurations, min_coverage=0.6).winner.trial_id


A = configuration("a", 10, 12, 14, 11, 13, 12)


def test_the_lowest_mean_over_seeds_wins_and_says_against_whom() -> None:
    b = configuration("b", 11, 13.3, 15.3, 12.2, 14.4, 13.1)
    found = choose_configuration([b, A], min_coverage=0.6)
    assert found.winner is A
    assert found.reason == "a: FID 12 ± 1.4 over 6 fresh trainings, the lowest of 2 finalists"
    (comparison,) = found.comparisons
    assert (comparison.other, comparison.num_pairs, comparison.is_better) == ("b", 6, True)
    assert comparison.gap_frac == pytest.approx(0.1, abs=0.01)


def test_one_lucky_seed_does_not_make_a_winner() -> None:
    assert (
        winner(configuration("lucky", 7, 14, 14), configuration("steady", 10, 10, 10)) == "steady"
    )


def test_few_seeds_are_said_to_be_few() -> None:
    found = choose_configuration(
        [configuration("a", 10, 11), configuration("b", 20, 22)], min_coverage=0.6
    )
    assert found.reason.endswith("the lowest of 2 finalists (a test takes 6 trainings of each)")


def test_too_few_trainings_for_a_test_leave_the_sound_ones_to_their_snapshots() -> None:
    few = [configuration("a", 10, 11), configuration("b", 20, 22), configuration("c", 5, None)]
    choice = choose_configuration(few, min_coverage=0.6)
    assert [each.trial_id for each in choice.contenders] == ["a", "b"]
    assert chosen_by_snapshot(choice, "a", few) is choice
    turned = chosen_by_snapshot(choice, "b", few)
    assert turned.winner.trial_id == "b"
    assert [each.other for each in turned.comparisons] == ["a", "c"]
    assert turned.reason == (
        "b: FID 21 ± 1.4 over 2 fresh trainings, too few to decide by (a test takes 6); a has 10.5"
    )


def test_enough_trainings_leave_nothing_to_the_snapshots() -> None:
    b = configuration("b", 11, 11, 15, 12, 12, 13)
    assert choose_configuration([A, b], min_coverage=0.6).contenders == (A,)


def test_what_ties_with_the_lowest_is_counted() -> None:
    b = configuration("b", 11, 11, 15, 12, 12, 13)
    found = choose_configuration([A, b], min_coverage=0.6)
    assert found.winner is A
    assert found.reason.endswith("the lowest of 2 finalists, 1 tied with it")
    assert not found.comparisons[0].is_better


def test_a_tie_goes_to_diversity_then_to_size() -> None:
    rich = configuration("rich", 10.1, 12.1, 14, 11, 13, 12, coverage=0.95)
    small = configuration("small", 10.1, 12.1, 14, 11, 13, 12, num_weights=10)
    found = choose_configuration([A, small, rich], min_coverage=0.6)
    assert found.winner is rich
    assert found.reason.endswith("a tie with a, decided by diversity")
    assert [each.other for each in found.comparisons] == ["a", "small"]
    found = choose_configuration([A, small], min_coverage=0.6)
    assert found.winner is small
    assert found.reason.endswith("a tie with a, decided by size")


def test_a_lead_that_cannot_be_proven_is_not_given_away_for_size() -> None:
    gaps = [1.9, 1.6, 1.5, 0.99, 1.7, 1.4]  # of six seeds one says the opposite
    fids = [10 * gap for gap in gaps]
    small = configuration("small", *fids, num_weights=10)
    found = choose_configuration([small, configuration("a", *[10] * 6)], min_coverage=0.6)
    assert found.winner.trial_id == "a"
    assert not found.comparisons[0].is_better


def test_a_configuration_whose_trainings_fail_loses_to_one_whose_do_not() -> None:
    flaky = configuration("flaky", 5, None, 5)
    assert winner(flaky, configuration("sound", 10, 11, 12)) == "sound"
    assert "1 failed" in choose_configuration([flaky], min_coverage=0.6).reason


def test_one_that_never_worked_is_not_chosen_for_want_of_others_diversity() -> None:
    never = configuration("never", None, None)
    assert winner(never, configuration("poor", 10, 11, coverage=0.1)) == "poor"
    assert winner(never) == "never"


def test_the_diverse_come_first() -> None:
    assert winner(configuration("poor", 5, 5, coverage=0.3), configuration("b", 10, 10)) == "b"


def test_a_single_finalist_wins_without_a_comparison() -> None:
    found = choose_configuration([A], min_coverage=0.6)
    assert found.winner is A
    assert found.comparisons == ()
    assert found.reason.endswith("the lowest of 1 finalists")


def test_one_seed_is_judged_by_the_error_of_measuring() -> None:
    found = choose_configuration(
        [configuration("a", 10.0), configuration("b", 10.5)], min_coverage=0.6
    )
    assert found.winner.trial_id == "a"
    assert isnan(found.winner.fid_sd)


def test_the_spread_is_that_of_seeds() -> None:
    assert A.fid_sd == pytest.approx(stdev([10, 12, 14, 11, 13, 12]))
    assert isnan(configuration("b", None).coverage)


def test_diversity_that_was_not_measured_breaks_no_tie() -> None:
    unmeasured = configuration("b", 10.1, 12.1, 14, 11, 13, 12, coverage=nan)
    assert winner(A, unmeasured) == "a"
