from collections.abc import Callable, Sequence
from math import nan

import numpy as np
import pytest

from benchmarks.decision.baselines import patience
from benchmarks.decision.optuna_pruners import (
    OptunaScheduler,
    optuna_halving,
    optuna_hyperband,
    optuna_median,
    optuna_patience,
    optuna_patient_median,
    optuna_wilcoxon,
)
from orchestrator.decision.scheduler import CohortAction
from orchestrator.records import Evaluation

NUM_ROWS = 12
GOOD = [10.0 - 0.5 * row for row in range(NUM_ROWS)]
BAD = [12.0 - 0.2 * row for row in range(NUM_ROWS)]


def curve(fids: Sequence[float]) -> list[Evaluation]:
    return [Evaluation(run="a", step=step, fid=fid) for step, fid in enumerate(fids)]


def rows_run(scheduler: OptunaScheduler, name: str, fids: Sequence[float]) -> int:
    """Report a curve row by row until it is stopped or over, and say how many rows that took."""
    rows = curve(fids)
    for end in range(1, len(rows) + 1):
        if scheduler.report(name, rows[:end]).action is CohortAction.STOP:
            break
    scheduler.ended(name)
    return end


def after_good_ones(scheduler: OptunaScheduler, num_finished: int = 5) -> OptunaScheduler:
    for number in range(num_finished):
        assert rows_run(scheduler, f"good-{number}", GOOD) == NUM_ROWS
    return scheduler


@pytest.mark.parametrize("seed", range(5))
def test_optunas_patience_is_patience_of_one_more(seed: int) -> None:
    steps = np.random.default_rng(seed).normal(-0.05, 0.5, 60)
    walk = curve([float(fid) for fid in np.exp(steps.cumsum())])
    for k in (1, 3, 6):
        assert optuna_patience(k)(walk) == patience(k + 1)(walk)
    assert optuna_patience(3)(curve(GOOD)) is None


def test_a_curve_of_nothing_but_nan_never_loses_optunas_patience() -> None:
    assert optuna_patience(2)(curve(NUM_ROWS * [nan])) is None


def test_the_median_stops_what_is_worse_than_the_finished_at_the_same_evaluation() -> None:
    assert rows_run(after_good_ones(optuna_median()), "bad", BAD) == 1
    assert rows_run(after_good_ones(optuna_median(warm_up=4)), "bad", BAD) == 5
    assert rows_run(after_good_ones(optuna_median()), "better", [9.0, *GOOD[1:]]) == NUM_ROWS


def test_the_median_waits_for_finished_trials_and_counts_no_pruned_ones() -> None:
    assert rows_run(after_good_ones(optuna_median(), 4), "bad", BAD) == NUM_ROWS
    scheduler = after_good_ones(optuna_median(start_up=1), 1)
    assert [rows_run(scheduler, f"bad-{number}", BAD) for number in range(3)] == [1, 1, 1]


def test_a_patient_median_lets_go_on_what_still_improves() -> None:
    patient = optuna_patient_median(patience=2)
    assert rows_run(after_good_ones(patient), "bad", BAD) == NUM_ROWS
    flat = [12.0 - 0.2 * min(row, 2) + 0.01 * row for row in range(NUM_ROWS)]
    assert rows_run(patient, "flat", flat) == 6  # its best is row 2: two more, and one to compare


def test_wilcoxon_compares_with_the_best_finished_evaluation_by_evaluation() -> None:
    ahead = [fid + 3.0 + 0.01 * row for row, fid in enumerate(GOOD)]  # without ties
    assert rows_run(after_good_ones(optuna_wilcoxon(), 1), "bad", ahead) == 4  # p = 1/16
    assert rows_run(after_good_ones(optuna_wilcoxon(warm_up=7), 1), "bad", ahead) == 7
    strict = after_good_ones(optuna_wilcoxon(p_threshold=0.01), 1)
    assert rows_run(strict, "bad", ahead) == 7  # p = 1/128
    assert rows_run(strict, "twin", GOOD) == NUM_ROWS


def test_a_run_that_dies_stays_alive_under_wilcoxon_and_ends_under_the_median() -> None:
    dying = [*BAD[:2], *(NUM_ROWS - 2) * [nan]]
    assert rows_run(after_good_ones(optuna_wilcoxon(), 1), "dying", dying) == NUM_ROWS
    assert rows_run(after_good_ones(optuna_median()), "dead", NUM_ROWS * [nan]) == 1


def test_a_run_without_a_fid_has_failed_and_is_nobodys_rival() -> None:
    scheduler = optuna_wilcoxon()
    assert rows_run(scheduler, "dead", NUM_ROWS * [nan]) == NUM_ROWS
    assert rows_run(scheduler, "bad", BAD) == NUM_ROWS


def test_halving_lets_on_the_best_of_those_at_a_rung() -> None:
    scheduler = optuna_halving(grace=3, reduction=2)
    lengths = [
        rows_run(scheduler, f"{level}", [level + fid for fid in GOOD]) for level in (1, 3, 2, 0)
    ]
    assert lengths == [NUM_ROWS, 4, 4, NUM_ROWS]


@pytest.mark.parametrize("make", [optuna_hyperband, optuna_halving])
def test_a_cohort_played_again_ends_the_same(make: Callable[[], OptunaScheduler]) -> None:
    levels = [float(level) for level in np.random.default_rng(0).uniform(0, 5, 20)]
    plays = []
    for _ in range(2):
        scheduler = make()
        plays.append(
            [rows_run(scheduler, f"{level}", [level + fid for fid in GOOD]) for level in levels]
        )
    assert plays[0] == plays[1]
    assert len(set(plays[0])) > 1


def test_nobody_is_paused_and_a_run_that_never_reported_may_end() -> None:
    scheduler = optuna_median()
    scheduler.ended("never seen")
    assert scheduler.next_to_resume({"a"}) is None
