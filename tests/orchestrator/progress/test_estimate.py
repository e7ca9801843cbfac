from math import isnan, nan

import pytest

from orchestrator.progress.estimate import Plan, Tally, format_duration, seconds_left, tally
from orchestrator.records import TrialRecord, TrialStatus
from tests.orchestrator.scripted import make_config

PLAN = Plan(num_trials=5, budget_nimg=100)


def record(index: int, status: TrialStatus, nimg: int) -> TrialRecord:
    return TrialRecord(trial_id=str(index), index=index, status=status, nimg=nimg)


def at(seen_nimg: int, left_nimg: float) -> Tally:
    counts = {"num_done": 0, "num_running": 1, "num_paused": 0, "num_planned": 5}
    return Tally(**counts, seen_nimg=seen_nimg, left_nimg=left_nimg)


def test_trials_that_wait_are_expected_to_cost_their_budget_at_first() -> None:
    now = tally([record(0, TrialStatus.RUNNING, 30)], PLAN)
    assert now == Tally(
        num_done=0,
        num_running=1,
        num_paused=0,
        num_planned=5,
        seen_nimg=30,
        left_nimg=70 + 4 * 100,
    )


def test_early_stops_lower_what_is_expected_of_the_rest() -> None:
    records = [
        record(0, TrialStatus.STOPPED, 20),
        record(1, TrialStatus.COMPLETED, 100),
        record(2, TrialStatus.RUNNING, 50),
        record(3, TrialStatus.PENDING, 0),
    ]
    now = tally(records, PLAN)
    assert (now.num_done, now.num_running, now.seen_nimg) == (2, 1, 170)
    assert now.left_nimg == 50 + 2 * (20 + 100) / 2


def test_paused_trials_are_expected_to_stay_so_and_to_be_typical() -> None:
    records = [
        record(0, TrialStatus.PAUSED, 30),
        record(1, TrialStatus.COMPLETED, 100),
        record(2, TrialStatus.PAUSED, 20),
    ]
    now = tally(records, PLAN)
    assert (now.num_done, now.num_paused, now.seen_nimg) == (1, 2, 150)
    assert now.left_nimg == 2 * 150 / 3


def test_nothing_is_left_of_a_sweep_that_is_done() -> None:
    records = [record(index, TrialStatus.FAILED, 10) for index in range(5)]
    assert tally(records, PLAN).left_nimg == 0


def test_once_proposing_has_ended_only_what_was_proposed_is_left() -> None:
    records = [
        record(0, TrialStatus.COMPLETED, 100),
        record(1, TrialStatus.RUNNING, 60),
        record(2, TrialStatus.PENDING, 0),
    ]
    now = tally(records, PLAN, is_closed=True)
    assert (now.num_planned, now.left_nimg) == (3, 40 + 100)


def test_the_plan_of_a_spec_knows_its_caps() -> None:
    config = make_config(
        search={"trials": 9},
        budget={"max_trials": 4, "max_hours": 2},
        resources={"gpus_per_trial": 0.5},
    )
    plan = Plan.of(config)
    assert (plan.num_trials, plan.budget_nimg, plan.gpus_per_trial) == (4, 3000, 0.5)
    assert plan.budget.max_hours == 2


def test_more_trials_than_planned_are_counted_all_the_same() -> None:
    records = [record(index, TrialStatus.RUNNING, 120) for index in range(6)]
    now = tally(records, PLAN)
    assert (now.num_planned, now.left_nimg) == (6, 0)


def test_the_rate_counts_from_the_start_of_this_process() -> None:
    assert seconds_left(at(1500, 200.0), at(1000, 900.0), elapsed_s=50.0) == 20.0


@pytest.mark.parametrize(("seen_nimg", "elapsed_s"), [(1000, 50.0), (1500, 0.0)])
def test_without_a_rate_the_time_left_is_not_known(seen_nimg: int, elapsed_s: float) -> None:
    assert isnan(seconds_left(at(seen_nimg, 200.0), at(1000, 900.0), elapsed_s))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (185.0, "3:05 min"),
        (3599.6, "1:00 h"),
        (7380.0, "2:03 h"),
        (nan, "?"),
    ],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
