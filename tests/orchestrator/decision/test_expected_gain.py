from math import exp, inf, isinf, log, nan

import numpy as np
import pytest

from orchestrator.decision.expected_gain import (
    MIN_FINISHED,
    Prospect,
    expected_gain,
    prospect,
    reevaluation_error,
)
from orchestrator.records import Evaluation


def row(fid: float, *, half_ratio: float | None = None) -> Evaluation:
    halves = (
        {}
        if half_ratio is None
        else {"fid_a": fid * half_ratio**0.5, "fid_b": fid / half_ratio**0.5}
    )
    return Evaluation(run="a", step=0, fid=fid, **halves)


def exponential(num: int, scale: float, seed: int) -> list[float]:
    """Return scores of which the lower tail is exponential, as the estimate assumes."""
    return [2.0 - value for value in np.random.default_rng(seed).exponential(scale, num)]


def test_the_gain_is_that_of_the_exponential_law_within_the_bias_that_is_meant() -> None:
    """The best of n falls by scale * ln((n + k) / n) with k more; the estimate errs upwards."""
    law = 0.1 * log(500 / 400)
    estimates = [expected_gain(exponential(400, 0.1, seed), 100) for seed in range(60)]
    assert law < np.mean(estimates) < 4 * law


def test_it_is_rarely_less_than_what_more_trials_then_gain() -> None:
    gained, expected = [], []
    for seed in range(300):
        scores = [float(x) for x in np.random.default_rng(seed).normal(2.0, 0.4, 60)]
        gained.append(min(scores[:40]) - min(scores))
        expected.append(expected_gain(scores[:40], 20))
    assert np.mean(gained) < np.mean(expected) < 5 * np.mean(gained)
    assert np.mean(np.array(expected) < gained) < 0.2


def test_more_trials_promise_more_and_trials_done_promise_less() -> None:
    scores = exponential(60, 0.2, 0)
    gains = [expected_gain(scores, num) for num in (1, 5, 20, 2000)]
    assert gains == sorted(gains)
    assert expected_gain(scores + scores, 5) < expected_gain(scores, 5)


def test_a_sampler_that_keeps_getting_better_is_expected_to_go_on() -> None:
    rng = np.random.default_rng(0)
    learning = [3.0 - 0.05 * index + 0.02 * float(rng.normal()) for index in range(40)]
    really = 0.05 * 10
    assert 0.2 * really < expected_gain(learning, 10) < 2 * really


def test_scales_shift_out() -> None:
    scores = exponential(30, 0.2, 1)
    shifted = [score + 5.0 for score in scores]
    assert expected_gain(shifted, 8) == pytest.approx(expected_gain(scores, 8))


def test_failures_thin_the_chance_of_a_gain_but_are_no_scores() -> None:
    scores = exponential(40, 0.2, 2)
    diluted = [value for score in scores for value in (score, inf)]
    assert 0 < expected_gain(diluted, 8) < expected_gain(scores, 8)


def test_equal_scores_promise_nothing() -> None:
    assert expected_gain(20 * [1.0], 8) == 0.0


@pytest.mark.parametrize("scores", [20 * [inf], [1.0, 0.9, *20 * [inf]], 12 * [inf] + [1.0] * 5])
def test_without_scores_enough_nothing_is_known(scores: list[float]) -> None:
    assert isinf(expected_gain(scores, 8))
    assert not prospect(scores, [], num_left=8).is_settled


def test_the_error_is_that_of_the_half_samples_at_the_best_evaluations() -> None:
    noisy_best = [row(2.0 + 0.01 * i, half_ratio=exp(0.08)) for i in range(9)]
    quiet_start = [row(50.0, half_ratio=exp(0.002)) for _ in range(30)]
    assert reevaluation_error(quiet_start + noisy_best) == pytest.approx(1.4826 * 0.04)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(2.0), row(2.1), row(nan)],
        [row(2.0, half_ratio=1.5), row(2.1, half_ratio=1.5)],
        [row(2.0, half_ratio=1.0) for _ in range(9)],
    ],
)
def test_the_error_is_never_below_what_selection_calls_a_tie(rows: list[Evaluation]) -> None:
    assert reevaluation_error(rows) == pytest.approx(log(1.013))


def test_the_scatter_of_training_is_not_taken_for_error() -> None:
    wild = [row(2.0 + index % 3, half_ratio=exp(0.04)) for index in range(30)]
    assert reevaluation_error(wild) == pytest.approx(1.4826 * 0.02)


def test_too_few_trials_never_settle_a_search() -> None:
    flat = (MIN_FINISHED - 1) * [1.0]
    assert not prospect(flat, [], num_left=8).is_settled
    assert prospect([*flat, 1.0], [], num_left=8).is_settled


def test_the_reason_says_both_numbers() -> None:
    ahead = Prospect(num_left=8, gain=0.004, error=0.012)
    assert ahead.reason == (
        "expected gain of 8 more trials 0.4% is below the re-evaluation error 1.2%"
    )
    assert "is not below" in Prospect(num_left=8, gain=0.02, error=0.012).reason
