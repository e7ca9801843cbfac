"""Against hand calculation, and against distributions whose true distance is known."""

from collections.abc import Callable
from math import isnan, sqrt

import pytest
import torch
from torch import Tensor

from gan_models.metrics.frechet import (
    FactoredGaussian,
    fit_gaussian,
    frechet_distance,
    frechet_distance_to_moments,
)
from gan_models.metrics.frechet_error import (
    MIN_SAMPLES_PER_FEATURE,
    FrechetScore,
    bias_of_perfect,
    score_frechet,
)

Draw = Callable[[int, torch.Generator], Tensor]
DIM = 8


def gaussian(n: int, generator: torch.Generator, d: int = DIM) -> Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=generator)


def laplace(n: int, generator: torch.Generator) -> Tensor:
    uniform = torch.rand(n, DIM, dtype=torch.float64, generator=generator) - 0.5
    return -uniform.sign() * torch.log1p(-2 * uniform.abs()) / sqrt(2)


def exponential(n: int, generator: torch.Generator) -> Tensor:
    return -torch.log(torch.rand(n, DIM, dtype=torch.float64, generator=generator)) - 1


def mixed_scales(n: int, generator: torch.Generator) -> Tensor:
    """Far from Gaussian: a fifth of the samples is four times as wide as the others."""
    wide = torch.rand(n, 1, dtype=torch.float64, generator=generator) < 0.2
    return gaussian(n, generator) * torch.where(wide, 2.0, 0.5)


FAMILIES = [gaussian, laplace, exponential, mixed_scales]  # mean 0 and covariance 1 each
REAL_STD = torch.linspace(1.5, 0.5, DIM, dtype=torch.float64)
FAKE_STD = torch.linspace(0.7, 1.2, DIM, dtype=torch.float64)
SHIFT = 0.1
TRUTH = float((SHIFT**2 + (REAL_STD - FAKE_STD) ** 2).sum())


def scores(draw: Draw, *, n: int, m: int, repeats: int) -> list[FrechetScore]:
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(repeats):
        real = draw(m, generator) * REAL_STD
        fakes = draw(n, generator) * FAKE_STD + SHIFT
        found.append(score_frechet(fit_gaussian(real), real, fakes))
    return found


@pytest.mark.parametrize("draw", FAMILIES)
def test_the_debiased_distance_is_the_true_one_on_average(draw: Draw) -> None:
    found = scores(draw, n=400, m=200, repeats=150)
    raw, debiased = (
        torch.tensor([getattr(score, name) for score in found], dtype=torch.float64)
        for name in ("value", "debiased")
    )
    error_of_mean = float(debiased.std()) / sqrt(len(found))
    assert abs(float(debiased.mean()) - TRUTH) < 3 * error_of_mean + 0.01 * TRUTH
    assert float(raw.mean()) - TRUTH > 3 * error_of_mean  # there was a bias to remove
    assert float(debiased.std()) < 1.05 * float(raw.std())


@pytest.mark.parametrize("draw", FAMILIES)
def test_ninety_five_percent_intervals_hold_the_truth_as_often_as_they_say(draw: Draw) -> None:
    found = scores(draw, n=400, m=200, repeats=150)
    held = [abs(score.debiased - TRUTH) < 1.96 * score.standard_error for score in found]
    assert 0.90 <= sum(held) / len(held) <= 0.99


def test_fakes_as_good_as_real_score_zero_without_bias_and_the_floor_with_it() -> None:
    generator = torch.Generator().manual_seed(1)
    value, debiased, floor = [], [], []
    for _ in range(100):
        real, fakes = (gaussian(n, generator) * REAL_STD for n in (150, 300))
        fitted = fit_gaussian(real)
        score = score_frechet(fitted, real, fakes)
        value.append(score.value)
        debiased.append(score.debiased)
        floor.append(bias_of_perfect(fitted, real) * (1 + 150 / 300))
    mean_value = sum(value) / 100
    assert sum(floor) / 100 == pytest.approx(mean_value, rel=0.07)
    assert abs(sum(debiased) / 100) < 0.07 * mean_value
    assert min(debiased) < 0 < max(debiased)


def with_moments(samples: Tensor, covariance: Tensor) -> Tensor:
    """Shift and stretch samples so that mean and covariance are exact, and moments Gaussian's."""
    centred = samples - samples.mean(dim=0)
    whitener = torch.linalg.cholesky(torch.linalg.inv(torch.cov(centred.T)))
    stretched: Tensor = centred @ whitener @ torch.linalg.cholesky(covariance).T
    return stretched


def test_two_diagonal_covariances_by_hand() -> None:
    """S_r = diag(4, 1), S_g = 1: s = (2, 1), n b_g = 25/6, n b_r = 5 + 13/6 for Gaussians."""
    generator = torch.Generator().manual_seed(3)
    n = 400_000
    real = with_moments(gaussian(n, generator, 2), torch.diag(torch.tensor([4.0, 1.0])).double())
    fakes = with_moments(gaussian(n, generator, 2), torch.eye(2, dtype=torch.float64))
    score = score_frechet(fit_gaussian(real), real, fakes)
    assert score.value == pytest.approx(1.0, abs=1e-9)
    assert n * (score.value - score.debiased) == pytest.approx(25 / 6 + 5 + 13 / 6, rel=0.01)
    assert n * bias_of_perfect(fit_gaussian(real), real) == pytest.approx(8.3, rel=0.01)


def test_an_isotropic_floor_has_its_closed_form() -> None:
    """S_r = 1 in d dimensions: n floor = 1.25 d + d² / 4."""
    samples = gaussian(50_000, torch.Generator().manual_seed(4))
    expected = 1.25 * DIM + DIM**2 / 4
    bias = bias_of_perfect(fit_gaussian(samples), samples)
    assert 50_000 * bias == pytest.approx(expected, rel=0.02)


def test_the_standard_error_agrees_with_the_derivative_in_each_sample() -> None:
    """ψ / n is what one sample's weight does to the distance: compared with leaving it out."""
    generator = torch.Generator().manual_seed(5)
    real, fakes = gaussian(4000, generator, 3), gaussian(300, generator, 3) * 1.4 + 0.3
    fitted = fit_gaussian(real)
    left_out = [
        frechet_distance(fitted, torch.cat([fakes[:i], fakes[i + 1 :]])) for i in range(len(fakes))
    ]
    jackknife = sqrt(299 / 300 * float(torch.tensor(left_out).double().var(correction=0)) * 300)
    of_reals = score_frechet(fitted, real, fakes).standard_error
    many_reals = gaussian(400_000, generator, 3)
    error = score_frechet(fit_gaussian(many_reals), many_reals, fakes).standard_error
    assert error == pytest.approx(jackknife, rel=0.05)
    assert of_reals > error


@pytest.mark.parametrize(("n_real", "n_fake"), [(31, 400), (400, 31)])
def test_too_few_samples_a_dimension_leave_only_the_raw_value(n_real: int, n_fake: int) -> None:
    assert DIM * MIN_SAMPLES_PER_FEATURE == 32
    generator = torch.Generator().manual_seed(6)
    real, fakes = gaussian(n_real, generator), gaussian(n_fake, generator)
    fitted = fit_gaussian(real)
    score = score_frechet(fitted, real, fakes)
    assert score.value == frechet_distance(fitted, fakes)
    assert isnan(score.debiased)
    assert isnan(score.standard_error)
    assert isnan(bias_of_perfect(fitted, real)) == (n_real < 32)


def test_dead_features_change_nothing() -> None:
    generator = torch.Generator().manual_seed(7)
    real, fakes = gaussian(200, generator), gaussian(300, generator) * 1.2
    alive = score_frechet(fit_gaussian(real), real, fakes)
    dead = [torch.cat([side, torch.full((len(side), 2), 3.0)], dim=1) for side in (real, fakes)]
    widened = score_frechet(fit_gaussian(dead[0]), *dead)
    for name in ("value", "debiased", "standard_error"):
        assert getattr(widened, name) == pytest.approx(getattr(alive, name), rel=1e-6)


def test_a_full_collapse_has_a_defined_score() -> None:
    real = gaussian(200, torch.Generator().manual_seed(8))
    collapsed = torch.ones(100, DIM)
    score = score_frechet(fit_gaussian(real), real, collapsed)
    assert score.debiased == pytest.approx(score.value, rel=0.05)
    assert 0 < score.standard_error < score.value
    constant = torch.ones(100, DIM)
    assert score_frechet(fit_gaussian(constant), constant, constant) == FrechetScore(0.0, 0.0, 0.0)


def test_the_value_is_the_plain_distance() -> None:
    generator = torch.Generator().manual_seed(9)
    real, fakes = gaussian(200, generator), gaussian(300, generator) * 1.2
    fitted = fit_gaussian(real)
    expected = frechet_distance_to_moments(fitted, fakes.mean(dim=0), torch.cov(fakes.T))
    assert score_frechet(fitted, real, fakes).value == pytest.approx(expected, rel=1e-12)
    assert isinstance(fitted, FactoredGaussian)
