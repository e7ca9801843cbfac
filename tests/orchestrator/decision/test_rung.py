from math import inf, nan

import pytest

from orchestrator.decision.rung import Rung
from orchestrator.decision.scheduler import ToCome


@pytest.fixture
def rung() -> Rung:
    return Rung(30_000, reduction=3, tie_sds=1.0)


def enter_all(rung: Rung, scores: list[float], *, noise: float = nan) -> list[bool]:
    """Let trials 0, 1, … come; return which went on at once."""
    return [rung.enter(str(name), score, noise).goes_on for name, score in enumerate(scores)]


def next_to_resume(rung: Rung, to_come: ToCome = ToCome.NEW_TRIALS) -> str | None:
    return rung.next_to_resume(set(rung.waiting), to_come)


def test_the_first_wait_until_there_are_enough_to_compare(rung: Rung) -> None:
    assert enter_all(rung, [1.0, 2.0]) == [False, False]
    assert next_to_resume(rung) is None
    rung.enter("late", 3.0, nan)
    assert next_to_resume(rung) == "0"


def test_the_best_third_goes_on_whether_it_came_early_or_late(rung: Rung) -> None:
    assert enter_all(rung, [2.0, 3.0, 1.0, 4.0, 5.0]) == [False, False, True, False, False]
    assert next_to_resume(rung) is None
    rung.enter("sixth", 6.0, nan)
    assert next_to_resume(rung) == "0"
    rung.release("0")
    assert next_to_resume(rung) is None
    assert rung.gone_on == {"0", "2"}
    assert rung.waiting == {"1", "3", "4", "sixth"}


def test_scores_within_the_noise_of_the_cutoff_are_ties(rung: Rung) -> None:
    enter_all(rung, [1.0, 1.04, 1.2], noise=0.05)
    rung.release("0")
    assert next_to_resume(rung) == "1"
    rung.release("1")
    assert next_to_resume(rung) is None  # 1.2 is worse, whatever the noise says


def test_without_noise_or_without_tolerance_nothing_ties() -> None:
    for tie_sds, noise in [(0.0, 0.5), (1.0, nan), (1.0, 0.0)]:
        rung = Rung(30_000, reduction=3, tie_sds=tie_sds)
        enter_all(rung, [1.0, 1.04, 1.2], noise=noise)
        rung.release("0")
        assert next_to_resume(rung) is None


def test_the_noise_is_the_median_of_the_trials() -> None:
    rung = Rung(30_000, reduction=3, tie_sds=1.0)
    for name, score, noise in [("a", 1.0, 0.01), ("b", 1.1, 9.0), ("c", 1.03, 0.02)]:
        assert not rung.enter(name, score, noise).goes_on  # 0.03 above the cutoff, noise 0.02
    assert rung.enter("d", 1.01, 0.02).goes_on


@pytest.mark.parametrize(("reduction", "most"), [(2, 75), (3, 50), (4, 38)])
def test_ties_add_half_of_the_places_at_most(reduction: int, most: int) -> None:
    rung = Rung(30_000, reduction=reduction, tie_sds=1.0)
    enter_all(rung, 100 * [1.0], noise=1.0)
    while (name := next_to_resume(rung)) is not None:
        rung.release(name)
    assert len(rung.gone_on) == most


def test_a_cohort_in_which_each_is_better_is_halved_all_the_same(rung: Rung) -> None:
    enter_all(rung, [float(-name) for name in range(60)])
    assert len(rung.gone_on) == 30
    assert next_to_resume(rung) is None
    while (name := next_to_resume(rung, ToCome.RUNNING_TRIALS)) is not None:
        rung.release(name)
    assert rung.gone_on >= {str(name) for name in range(40, 60)}
    assert len(rung.gone_on) <= 50


def test_one_that_was_resumed_and_has_not_reported_yet_counts_as_gone_on(rung: Rung) -> None:
    enter_all(rung, [1.0, 1.01, 1.02, 1.03], noise=0.1)  # one place, and one for a tie
    assert rung.gone_on == {"2"}
    paused = {"0", "1", "3"}
    assert rung.next_to_resume(paused, ToCome.NEW_TRIALS) == "0"
    assert rung.next_to_resume(paused - {"0"}, ToCome.NEW_TRIALS) is None
    rung.enter("late", 0.9, 0.1)
    assert rung.next_to_resume(paused - {"0"}, ToCome.NOTHING) is None


@pytest.mark.parametrize("score", [inf, nan])
def test_a_score_that_is_not_finite_neither_goes_on_nor_waits(rung: Rung, score: float) -> None:
    standing = rung.enter("dead", score, nan)
    assert not standing.goes_on
    assert standing.reason == "no finite FID so far"
    assert not rung.waiting
    assert next_to_resume(rung, ToCome.NOTHING) is None


@pytest.mark.parametrize("dead", [inf, nan])
def test_the_dead_count_among_those_that_have_come_and_come_last(rung: Rung, dead: float) -> None:
    assert enter_all(rung, [dead, 2.0, 1.0]) == [False, False, True]
    assert enter_all(Rung(1, reduction=2, tie_sds=0.0), [2.0, dead, 3.0, 1.0])[-1]


def test_who_has_ended_waits_no_longer(rung: Rung) -> None:
    enter_all(rung, [1.0, 2.0, 3.0])
    rung.end("0", is_failure=False)
    assert next_to_resume(rung) is None  # its score still holds the place
    assert rung.waiting == {"1", "2"}


def test_as_a_last_resort_the_best_leaves_a_rung_that_none_has_left(rung: Rung) -> None:
    enter_all(rung, [2.0, 1.0])
    assert next_to_resume(rung, ToCome.NOTHING) == "1"
    rung.release("1")
    assert next_to_resume(rung, ToCome.NOTHING) is None


def test_as_a_last_resort_one_takes_the_place_of_those_that_failed_later(rung: Rung) -> None:
    enter_all(rung, [2.0, 3.0, 1.0])
    rung.end("2", is_failure=True)
    assert next_to_resume(rung) is None
    assert next_to_resume(rung, ToCome.NOTHING) == "0"


def test_reasons_have_numbers(rung: Rung) -> None:
    def reason(name: str, score: float) -> str:
        return rung.enter(name, score, 0.1).reason

    assert reason("a", 1.12) == "log FID 1.12, 1 of the 3 trials to compare"
    reason("b", 1.5)
    assert reason("c", 1.0) == "log FID 1.00, among the best third of 3 trials (cutoff 1.00)"
    assert reason("d", 1.3) == "log FID 1.30, worse than the best third of 4 trials (cutoff 1.00)"
    assert reason("e", 1.05) == "log FID 1.05, tied with the best third of 5 trials (cutoff 1.00)"
    assert reason("f", 1.02) == "log FID 1.02, among the best third of 6 trials (cutoff 1.02)"
    tied = "log FID 1.03, tied with the best third of 7 trials (cutoff 1.02)"
    assert reason("g", 1.03) == f"{tied}, but enough have gone on"


@pytest.mark.parametrize(("reduction", "name"), [(2, "best half"), (7, "best 1/7")])
def test_the_kept_part_is_named(reduction: int, name: str) -> None:
    rung = Rung(30_000, reduction=reduction, tie_sds=0.0)
    assert all(name not in rung.enter(str(each), 1.0, nan).reason for each in range(reduction - 1))
    assert name in rung.enter("last", 1.0, nan).reason


def test_one_that_ends_by_itself_at_a_rung_takes_no_place(rung: Rung) -> None:
    enter_all(rung, [2.0, 3.0, 9.0])
    rung.end("2", is_failure=True)
    assert rung.gone_on == set()
    assert rung.waiting == {"0", "1"}
    assert next_to_resume(rung) == "0"
