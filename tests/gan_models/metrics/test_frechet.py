"""Against closed forms, a QR/SVD reference and hand calculation; never against itself."""

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import qr, svdvals
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.frechet import (
    FactoredGaussian,
    fit_gaussian,
    frechet_distance,
    frechet_distance_to_moments,
)


def draw(n: int, d: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    scales = torch.linspace(0.2, 2.0, d, dtype=torch.float64)
    return torch.randn(n, d, dtype=torch.float64, generator=generator) * scales


def distance(real: Tensor, fakes: Tensor) -> float:
    return frechet_distance(fit_gaussian(real), fakes)


def qr_svd_distance(real: Tensor, fakes: Tensor) -> float:
    """The strict reference: never squares the condition number."""
    a, b = real.numpy(), fakes.numpy()
    roots = [
        qr(x - x.mean(0), mode="r", check_finite=False)[0][: min(x.shape)] / np.sqrt(len(x) - 1)
        for x in (a, b)
    ]
    trace_root = svdvals(roots[0] @ roots[1].T).sum()
    traces = sum((root**2).sum() for root in roots)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + traces - 2 * trace_root)


@pytest.mark.parametrize(
    ("n", "d", "rel"), [(400, 8, 1e-9), (400, 64, 1e-9), (70, 64, 1e-8), (40, 64, 1e-6)]
)
def test_an_affine_push_forward_has_its_closed_form(n: int, d: int, rel: float) -> None:
    """Few samples hardly vary in some directions: squared, these drown in the rounding.

    What is left of them hangs on the machine's linear algebra: 70 samples were off by less than
    1e-9 on one, by 1.3e-9 on another.
    """
    real = draw(n, d)
    root = torch.randn(d, d, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    matrix, offset = root @ root.T / d, torch.arange(d) / d
    fakes = real @ matrix + offset
    shift = fakes.mean(dim=0) - real.mean(dim=0)
    residual = torch.eye(d, dtype=torch.float64) - matrix
    expected = shift @ shift + (residual @ torch.cov(real.T) @ residual).trace()
    assert distance(real, fakes) == pytest.approx(float(expected), rel=rel)


def test_a_pair_of_diagonal_covariances_by_hand() -> None:
    real = FactoredGaussian(torch.zeros(2).double(), torch.diag(torch.tensor([2.0, 1.0])).double())
    identity = torch.eye(2, dtype=torch.float64)
    # s = (2, 1): 5 + 2 - 2 * 3 = 1
    assert frechet_distance_to_moments(real, real.mean, identity) == pytest.approx(1.0, abs=1e-12)


def test_an_integer_push_forward_is_exact() -> None:
    """Y = X M has S_Y = M S_X M, and FD = tr (1 − M) S_X (1 − M): all are integers here."""
    generator = torch.Generator().manual_seed(3)
    root, half = torch.randint(-3, 4, (2, 16, 16), generator=generator).double()
    covariance, matrix = root @ root.T, half @ half.T
    eigenvalues, vectors = torch.linalg.eigh(covariance)
    real = FactoredGaussian(torch.zeros(16).double(), vectors * eigenvalues.clamp(min=0).sqrt())
    residual = torch.eye(16, dtype=torch.float64) - matrix
    exact = float((residual @ covariance @ residual).trace())
    assert exact == round(exact)
    found = frechet_distance_to_moments(real, real.mean, matrix @ covariance @ matrix)
    assert found == pytest.approx(exact, rel=1e-12)


def test_forty_digits_agree() -> None:
    real, fakes = draw(60, 6), draw(50, 6, seed=1) @ draw(6, 6, seed=2)
    with mpmath.workdps(40):
        first, second = (mpmath.matrix(torch.cov(side.T).tolist()) for side in (real, fakes))
        roots = [mpmath.sqrt(each) for each in mpmath.eig(first * second, left=False, right=False)]
        traces = sum(first[i, i] + second[i, i] for i in range(6))
        expected = float(mpmath.re(traces - 2 * sum(roots)))
    shift = float((real.mean(dim=0) - fakes.mean(dim=0)).square().sum())
    assert distance(real, fakes) == pytest.approx(expected + shift, rel=1e-12)


def test_one_dimension_by_hand() -> None:
    real = torch.tensor([[0.0], [2.0], [4.0]])  # mean 2, standard deviation 2
    fakes = torch.tensor([[4.0], [5.0], [6.0]])  # mean 5, standard deviation 1
    assert distance(real, fakes) == pytest.approx(3**2 + 1**2)


@given(
    n_real=st.integers(2, 40),
    n_fake=st.integers(2, 40),
    d=st.integers(1, 24),
    rank=st.integers(1, 24),
    scale=st.sampled_from([1e-3, 1.0, 1e4]),
    seed=st.integers(0, 999),
)
def test_every_shape_rank_and_scale_agrees_with_the_qr_reference(
    n_real: int, n_fake: int, d: int, rank: int, scale: float, seed: int
) -> None:
    mix = draw(min(rank, d), d, seed + 2) * scale
    real, fakes = draw(n_real, len(mix), seed) @ mix, draw(n_fake, d, seed + 1) * scale + 0.1
    # Square roots of rounded zero eigenvalues cost half of the digits when n <= d.
    assert distance(real, fakes) == pytest.approx(qr_svd_distance(real, fakes), rel=2e-6)


@pytest.mark.parametrize(("n_real", "n_fake"), [(500, 300), (500, 20), (20, 500), (30, 20)])
def test_both_paths_are_exact_at_their_own_sizes(n_real: int, n_fake: int) -> None:
    real, fakes = draw(n_real, 32), draw(n_fake, 32, seed=5)
    assert distance(real, fakes) == pytest.approx(qr_svd_distance(real, fakes), rel=1e-8)


def test_equal_samples_are_at_distance_zero_and_never_below() -> None:
    for seed in range(5):
        real = draw(100, 16, seed)
        assert 0.0 <= distance(real, real) < 1e-10


def test_a_shift_counts_its_squared_length_and_a_rotation_of_both_nothing() -> None:
    real, fakes = draw(200, 6), draw(150, 6, seed=1)
    offset = torch.arange(6, dtype=torch.float64)
    rotation = torch.linalg.qr(draw(6, 6, seed=2)).Q
    assert distance(real, real + offset) == pytest.approx(float(offset @ offset))
    assert distance(real @ rotation, fakes @ rotation) == pytest.approx(distance(real, fakes))


def test_a_full_collapse_is_finite() -> None:
    real = draw(100, 8)
    collapsed = torch.ones(50, 8)
    mean_shift = float((real.mean(dim=0) - 1).square().sum())
    expected = mean_shift + float(torch.cov(real.T).trace())
    assert distance(real, collapsed) == pytest.approx(expected, rel=1e-9)


def test_float32_features_are_judged_in_float64() -> None:
    real, fakes = draw(300, 16).float(), draw(300, 16, seed=1).float()
    expected = distance(real.double(), fakes.double())
    assert distance(real, fakes) == expected


@pytest.mark.parametrize("n", [100, 5])
def test_the_factor_gives_back_the_covariance(n: int) -> None:
    features = draw(n, 10)
    gaussian = fit_gaussian(features)
    assert gaussian.dim == 10
    torch.testing.assert_close(gaussian.factor @ gaussian.factor.T, torch.cov(features.T))
    torch.testing.assert_close(gaussian.mean, features.mean(dim=0))


@pytest.mark.parametrize(
    ("fakes", "message"),
    [
        (torch.zeros(8), r"features of shape \(8,\): must have two dimensions"),
        (torch.zeros(5, 3), "features have 3 values each, the reference has 4"),
        (torch.zeros(1, 4), "1 samples: at least 2 are needed"),
        (torch.tensor([[0.0, 1, 2, torch.nan]] * 3), "3 of 3 samples have NaN or infinite"),
        (torch.tensor([[0.0, 1, 2, 3], [torch.inf, 1, 2, 3]]), "1 of 2 samples have NaN"),
    ],
)
def test_features_that_cannot_be_compared_are_refused(fakes: Tensor, message: str) -> None:
    real = fit_gaussian(draw(10, 4))
    with pytest.raises(MetricError, match=message):
        frechet_distance(real, fakes)
