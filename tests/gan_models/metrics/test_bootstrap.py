import pytest
import torch
from torch import Tensor

from gan_models.metrics.bootstrap import frechet_interval
from gan_models.metrics.frechet import fit_gaussian, frechet_distance


def draw(n: int, seed: int, *, shift: float = 0.0, d: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=generator) + shift


def test_the_interval_is_the_same_for_a_seed_and_another_for_another() -> None:
    real, fakes = draw(60, 0), draw(80, 1)
    first = frechet_interval(real, fakes, seed=0, resamples=30)
    assert frechet_interval(real, fakes, seed=0, resamples=30) == first
    assert frechet_interval(real, fakes, seed=1, resamples=30) != first


def test_nominal_intervals_hold_the_expected_distance_in_most_repetitions() -> None:
    pairs = [(draw(100, seed), draw(120, seed + 500, shift=0.5)) for seed in range(100)]
    distances = [frechet_distance(fit_gaussian(real), fakes) for real, fakes in pairs]
    expected = sum(distances) / len(distances)
    intervals = [
        frechet_interval(real, fakes, seed=seed, resamples=60)
        for seed, (real, fakes) in enumerate(pairs)
    ]
    held = sum(low <= expected <= high for low, high in intervals) / len(intervals)
    assert 0.88 <= held <= 0.99


def test_the_bias_of_resampling_does_not_lift_the_interval() -> None:
    # 40 samples in 20 dimensions: uncentred, every resampled distance lies above the point.
    real, fakes = draw(40, 0, d=20), draw(40, 1, d=20)
    point = frechet_distance(fit_gaussian(real), fakes)
    low, high = frechet_interval(real, fakes, seed=0)
    assert low < point < high


def test_more_samples_narrow_the_interval() -> None:
    widths = []
    for n in (100, 1600):
        low, high = frechet_interval(draw(n, 0), draw(n, 1, shift=0.5), seed=0)
        widths.append(high - low)
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.5)


def test_no_distance_is_below_zero() -> None:
    low, high = frechet_interval(draw(50, 0), draw(50, 1), seed=0, resamples=50)
    assert 0.0 <= low < high
