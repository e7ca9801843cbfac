from math import isnan, nan

import pytest
import torch
from torch import Tensor

from gan_models.metrics import intervals
from gan_models.metrics.bootstrap import frechet_interval
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.metrics.frechet_error import score_frechet
from gan_models.metrics.intervals import (
    DistanceIntervals,
    distance_intervals,
    interval_at_equal_counts,
)
from gan_models.metrics.scores import Scores

DIM = 8


def draw(num: int, seed: int, *, scale: float = 1.0, dim: int = DIM) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(num, dim, generator=generator)


def scores_of(real: Tensor, fakes: Tensor) -> Scores:
    gaussian, half = fit_gaussian(real), len(fakes) // 2
    score = score_frechet(gaussian, real, fakes)
    return Scores(
        fid=score.value,
        fid_a=frechet_distance(gaussian, fakes[:half]),
        fid_b=frechet_distance(gaussian, fakes[half:]),
        fid_debiased=score.debiased,
        fid_standard_error=score.standard_error,
    )


def certified(real: Tensor, fakes: Tensor) -> DistanceIntervals:
    scores = scores_of(real, fakes)
    return distance_intervals(scores, frechet_interval(real, fakes, seed=0, resamples=50))


def test_a_ten_times_larger_evaluation_lies_in_the_interval_though_it_is_lower() -> None:
    held, held_around = [], []
    for seed in range(40):
        real, fakes = draw(60, seed), draw(100, 1000 + seed, scale=1.2)
        found = certified(real, fakes)
        more = draw(1000, 2000 + seed, scale=1.2)
        again = frechet_distance(fit_gaussian(draw(600, 3000 + seed)), more)
        low, high = frechet_interval(real, fakes, seed=0, resamples=50)
        held.append(found.fid_low <= again <= found.fid_high)
        held_around.append(low <= again <= high)
    assert sum(held) >= 37
    assert sum(held_around) < 25  # bias, not bad luck: why the interval reaches further down


@pytest.mark.parametrize(("debiased", "low"), [(1.4, 1.204), (1.95, 1.7)])
def test_the_raw_interval_reaches_down_to_the_limit_of_many_samples(
    debiased: float, low: float
) -> None:
    scores = Scores(fid=2.0, fid_debiased=debiased, fid_standard_error=0.1)
    found = distance_intervals(scores, (1.7, 2.3))
    assert found.fid_low == pytest.approx(low, abs=1e-3)
    assert found.fid_high == 2.3
    assert found.fid_debiased_high - found.fid_debiased_low == pytest.approx(0.392, abs=1e-3)


def test_no_raw_distance_is_below_zero_but_a_debiased_one_may_be() -> None:
    scores = Scores(fid=0.1, fid_debiased=-0.02, fid_standard_error=0.05)
    found = distance_intervals(scores, (0.0, 0.2))
    assert found.fid_low == 0
    assert found.fid_debiased_low == pytest.approx(-0.118, abs=1e-3)
    assert found.fid_debiased_high == pytest.approx(0.078, abs=1e-3)


def test_where_the_bias_cannot_be_told_the_halves_say_what_the_fakes_add() -> None:
    scores = Scores(fid=10.0, fid_a=11.0, fid_b=13.0, fid_debiased=nan, fid_standard_error=nan)
    found = distance_intervals(scores, (9.0, 11.0))
    assert (found.fid_low, found.fid_high) == (7.0, 11.0)  # (11 + 13) / 2 is 2 above
    assert isnan(found.fid_debiased_low)
    assert isnan(found.fid_debiased_high)


@pytest.mark.parametrize("half", [nan, 8.0])
def test_halves_that_say_nothing_leave_the_interval_as_it_is(half: float) -> None:
    scores = Scores(fid=10.0, fid_a=half, fid_b=half, fid_debiased=nan, fid_standard_error=nan)
    found = distance_intervals(scores, (9.0, 11.0))
    assert (found.fid_low, found.fid_high) == (9.0, 11.0)


def test_wide_features_are_bounded_by_the_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "_MAX_BOOTSTRAP_DIM", DIM - 1)
    real, fakes = draw(60, 0), draw(100, 1)
    scores = Scores(fid=1.0, fid_standard_error=0.1)
    low, high = interval_at_equal_counts(scores, real, fakes, seed=0)
    assert low == pytest.approx(0.804, abs=1e-3)
    assert high == pytest.approx(1.196, abs=1e-3)
    unknown = Scores(fid=1.0, fid_standard_error=nan)
    expected = frechet_interval(real, fakes, seed=0)
    assert interval_at_equal_counts(unknown, real, fakes, seed=0) == expected
