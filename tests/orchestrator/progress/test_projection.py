from datetime import datetime
from math import inf, isnan, nan
from typing import Any

import pytest

from orchestrator.config.model import BudgetConfig
from orchestrator.history import SweepHistory
from orchestrator.progress.estimate import Plan, Tally
from orchestrator.progress.projection import (
    Projection,
    describe_against_caps,
    format_end,
    project,
    warnings,
)

PLAN = Plan(num_trials=4, budget_nimg=1000, gpus_per_trial=0.5)


def at(seen_nimg: int, left_nimg: float) -> Tally:
    counts = {"num_done": 1, "num_running": 1, "num_paused": 0, "num_planned": 4}
    return Tally(**counts, seen_nimg=seen_nimg, left_nimg=left_nimg)


def expecting(hours: float, gpu_hours: float = 0.0) -> Projection:
    return Projection(hours=hours, gpu_hours=gpu_hours, left_s=60.0)


def test_hours_go_on_by_the_clock_and_gpu_hours_by_the_images() -> None:
    history = SweepHistory(used_s=2 * 3600.0, trial_s=6 * 3600.0)
    expected = project(history, at(1000, 500.0), PLAN, left_s=1800.0)
    assert (expected.hours, expected.gpu_hours, expected.left_s) == (2.5, 3.0 * 1.5, 1800.0)


def test_nothing_is_expected_of_a_pace_that_is_not_known() -> None:
    expected = project(SweepHistory(used_s=10.0), at(0, 500.0), PLAN, left_s=nan)
    assert isnan(expected.hours)
    assert isnan(expected.gpu_hours)


def test_each_cap_that_is_too_low_is_a_warning_that_names_it() -> None:
    budget = BudgetConfig(max_hours=24, max_gpu_hours=8)
    assert warnings(expecting(23.9, 7.9), budget) == []
    assert warnings(expecting(26.34, 8.1), budget) == [
        "budget.max_hours = 24 will cut the sweep short: 26.3 h expected at this pace",
        "budget.max_gpu_hours = 8 will cut the sweep short: 8.1 GPU h expected at this pace",
    ]
    assert warnings(expecting(nan, nan), budget) == []
    assert warnings(expecting(inf, inf), BudgetConfig()) == []
    assert warnings(Projection(hours=26.3, gpu_hours=0.0, left_s=0.0), budget) == []


@pytest.mark.parametrize(
    ("caps", "text"),
    [
        ({}, ""),
        ({"max_hours": 24}, "26.3 of 24 h"),
        ({"max_hours": 24, "max_gpu_hours": 8}, "26.3 of 24 h, 5.25 of 8 GPU h"),
    ],
)
def test_what_is_expected_stands_beside_each_cap(caps: dict[str, Any], text: str) -> None:
    assert describe_against_caps(expecting(26.34, 5.25), BudgetConfig(**caps)) == text


def test_what_is_not_known_is_a_question_mark() -> None:
    assert describe_against_caps(expecting(nan), BudgetConfig(max_hours=2)) == "? of 2 h"


@pytest.mark.parametrize(
    ("left_s", "text"),
    [(0.0, "22:30"), (5399.0, "23:59"), (5400.0, "1 Jan 00:00"), (nan, "?"), (inf, "?")],
)
def test_the_end_is_a_time_of_day_with_the_date_unless_it_is_today(
    left_s: float, text: str
) -> None:
    assert format_end(left_s, datetime(2030, 12, 31, 22, 30)) == text
