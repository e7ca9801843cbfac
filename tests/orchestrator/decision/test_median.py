from collections.abc import Callable
from math import log, nan
from statistics import median

import pytest

from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.scheduler import CohortAction
from orchestrator.decision.score import best_so_far
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]
GO_ON, STOP = CohortAction.GO_ON, CohortAction.STOP


@pytest.fixture
def scheduler(make_rows: MakeRows) -> MedianScheduler:
    """Return a scheduler that knows four flat trials of FID 10, 20, 30 and 40 up to 50 kimg."""
    scheduler = MedianScheduler(grace_nimg=20_000, min_trials=3)
    for fid in (10, 20, 30, 40):
        rows = make_rows(6 * [fid])
        for end in range(1, 3):
            scheduler.report(str(fid), rows[:end])
        scheduler._courses[str(fid)].extend(rows)  # whatever would have been decided on them
    return scheduler


@pytest.mark.parametrize(("fid", "action"), [(24.0, GO_ON), (25.0, STOP)])
def test_a_trial_worse_than_the_median_is_stopped(
    scheduler: MedianScheduler, make_rows: MakeRows, fid: float, action: CohortAction
) -> None:
    middle = (log(20) + log(30)) / 2  # of 24.49
    decision = scheduler.report("new", make_rows(3 * [fid]))
    assert decision.action is action
    relation = "worse" if action is STOP else "not worse"
    assert decision.reason == (
        f"at 20 kimg: log FID {log(fid):.2f}, {relation} than the median {middle:.2f} of 4 others"
    )


def test_one_that_is_as_good_as_the_median_goes_on(make_rows: MakeRows) -> None:
    scheduler = MedianScheduler(grace_nimg=0, min_trials=1)
    for name in "abcd":
        assert scheduler.report(name, make_rows([7.0])).action is GO_ON


def test_nobody_is_stopped_before_the_grace(
    scheduler: MedianScheduler, make_rows: MakeRows
) -> None:
    decision = scheduler.report("new", make_rows(2 * [900.0]))
    assert (decision.action, decision.reason) == (GO_ON, "below the grace of 20 kimg")


def test_nobody_is_stopped_for_the_sake_of_too_few(make_rows: MakeRows) -> None:
    scheduler = MedianScheduler(grace_nimg=0, min_trials=2)
    scheduler.report("a", make_rows([1.0]))
    decision = scheduler.report("b", make_rows([9.0]))
    assert (decision.action, decision.reason) == (GO_ON, "at 0 kimg: 1 of the 2 others to compare")
    assert scheduler.report("c", make_rows([9.0])).action is STOP


def test_others_count_as_they_were_after_as_many_images(make_rows: MakeRows) -> None:
    scheduler = MedianScheduler(grace_nimg=0, min_trials=1)
    scheduler.report("far ahead", make_rows([90.0, 50.0, 4.0, 3.0, 2.0]))
    assert scheduler.report("new", make_rows([80.0])).action is GO_ON
    assert scheduler.report("slow", make_rows([95.0])).action is STOP


def test_those_that_have_not_come_as_far_do_not_count(make_rows: MakeRows) -> None:
    scheduler = MedianScheduler(grace_nimg=20_000, min_trials=1)
    scheduler.report("behind", make_rows([1.0, 1.0]))
    decision = scheduler.report("ahead", make_rows(3 * [9.0]))
    assert decision.reason == "at 20 kimg: 0 of the 1 others to compare"


def test_what_was_reached_counts_not_what_was_lost(
    scheduler: MedianScheduler, make_rows: MakeRows
) -> None:
    assert scheduler.report("was good", make_rows([15.0, 15.0, 15.0, 800.0])).action is GO_ON


def test_the_best_so_far_is_that_of_the_smoothed_curve(make_rows: MakeRows) -> None:
    rows = make_rows([50, 40, 3, 60, 30, nan, 25, 70, 2, 2])
    scheduler = MedianScheduler(grace_nimg=0, min_trials=9)
    scheduler.report("a", rows[:4])
    scheduler.report("a", rows)
    expected = [best_so_far(rows[:end]) for end in range(1, len(rows) + 1)]
    assert scheduler._courses["a"].best == expected


def test_a_trial_without_a_finite_score_is_stopped_after_the_grace(make_rows: MakeRows) -> None:
    scheduler = MedianScheduler(grace_nimg=20_000, min_trials=5)
    assert scheduler.report("dead", make_rows(2 * [nan])).action is GO_ON
    decision = scheduler.report("dead", make_rows(3 * [nan]))
    assert (decision.action, decision.reason) == (STOP, "at 20 kimg: no finite FID so far")


def test_the_dead_neither_save_nor_doom_their_siblings(
    scheduler: MedianScheduler, make_rows: MakeRows
) -> None:
    for name in range(9):
        scheduler.report(f"dead {name}", make_rows(6 * [nan]))
    assert scheduler.report("good", make_rows(3 * [24.0])).action is GO_ON
    assert scheduler.report("bad", make_rows(3 * [25.0])).action is STOP


def test_others_are_those_of_an_independent_count(make_rows: MakeRows) -> None:
    scheduler = MedianScheduler(grace_nimg=0, min_trials=1)
    fids = {"a": [9, 8, 7], "b": [6, 5], "c": [4, 3, 9, 9], "d": [20, 1]}
    for name, values in fids.items():
        scheduler.report(name, make_rows(values))
    there = [best_so_far(make_rows(values)[:2]) for values in fids.values()]
    reason = scheduler.report("new", make_rows([5.0, 5.0])).reason
    assert f"the median {median(there):.2f} of 4 others" in reason


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ConfigError, match="grace of -1 images: must be 0 or more"):
        MedianScheduler(grace_nimg=-1, min_trials=3)
    with pytest.raises(ConfigError, match="a median of 0 trials: at least 1"):
        MedianScheduler(grace_nimg=10, min_trials=0)
