"""What finite samples do to a Fréchet distance: bias, standard error, and the floor.

Both covariances are estimates, which raises the distance by about b / n (Chong & Forsyth,
1911.07023, who extrapolate it away with fifteen distances). Here b is taken from the second-order
term of the distance in its perturbed means and covariances, at the cost of one eigendecomposition.
With S_r = F Fᵀ, Fᵀ S_g F = U diag(s²) Uᵀ and y = Uᵀ Fᵀ (x − mean),

    b = tr S + ½ Σ_ij V_ij / (s_i s_j (s_i + s_j)),   V_ij = E[y_i² y_j²] − δ_ij s_i⁴,

for the fakes; for the reals likewise with y = diag(s) Uᵀ F⁻¹ (x − mean). V holds the fourth moments
as they are, so the features need not be Gaussian. The first-order term is a sum over samples of

    ψ(x) = 2 (x − mean)·(mean − other mean) + |x − mean|² − Σ_i y_i² / s_i,

whose scatter gives the standard error. It is a little too large for fakes as good as real.
"""

from dataclasses import dataclass
from math import hypot, nan

import torch
from torch import Tensor

from gan_models.metrics.frechet import (
    FactoredGaussian,
    checked_features,
    common_matrix,
    distance_from_eigenvalues,
    frechet_distance,
)
from gan_models.metrics.moments import Moments
from gan_models.metrics.symmetric import gram

MIN_SAMPLES_PER_FEATURE = 4  # with fewer, terms beyond the second order are no longer small

_CHUNK_ROWS = 4096
_NEGLIGIBLE = 1e-12  # of the largest eigenvalue: rounding, not variance


@dataclass(frozen=True)
class FrechetScore:
    """A Fréchet distance, and what it would be without the bias of finite samples.

    ``debiased`` estimates the distance of the two distributions; for a perfect generator it is 0
    on average, and so may be below. ``standard_error`` counts the draws of both sets. Both are NaN
    where either set has fewer than ``MIN_SAMPLES_PER_FEATURE`` samples for each feature.
    """

    value: float
    debiased: float
    standard_error: float


def score_frechet(
    real: FactoredGaussian, real_features: Tensor, fake_features: Tensor
) -> FrechetScore:
    """Score m x d fake features against n x d real ones, whose Gaussian was fitted before.

    Raises:
        MetricError: as :func:`gan_models.metrics.frechet.checked_features`.
    """
    fake_features = checked_features(fake_features, real.dim)
    if not enough_for_bias(len(real_features), len(fake_features), dim=real.dim):
        return FrechetScore(frechet_distance(real, fake_features), nan, nan)
    fake = Moments.of(fake_features)
    covariance = fake.covariance
    eigenvalues, rotation = torch.linalg.eigh(common_matrix(real, covariance))
    eigenvalues = eigenvalues.clamp(min=0)
    value = distance_from_eigenvalues(real, fake.mean, float(covariance.trace()), eigenvalues)
    kept = eigenvalues > _NEGLIGIBLE * eigenvalues[-1]
    roots, rotation = eigenvalues[kept].sqrt(), rotation[:, kept]
    shift = fake.mean - real.mean
    to_fakes = real.factor @ rotation / roots
    of_fakes = _sampling_error(fake_features, fake.mean, to_fakes, roots, shift)
    to_reals = _inverse_transposed(real.factor) @ rotation
    of_reals = _sampling_error(real_features, real.mean, to_reals, roots, -shift)
    return FrechetScore(
        value,
        debiased=value - of_fakes.bias - of_reals.bias,
        standard_error=hypot(of_fakes.standard_error, of_reals.standard_error),
    )


def enough_for_bias(n_real: int, n_fake: int, *, dim: int) -> bool:
    """Say whether the bias of a distance between so many samples can be told."""
    return min(n_real, n_fake) >= MIN_SAMPLES_PER_FEATURE * dim


def bias_of_a_perfect_generator(real: FactoredGaussian, real_features: Tensor) -> float:
    """Return c, where n fakes drawn as n_r reals are score c (1/n + 1/n_r) on average.

    NaN where there are fewer than ``MIN_SAMPLES_PER_FEATURE`` reals for each feature.
    """
    num_samples, dim = real_features.shape
    if not enough_for_bias(num_samples, num_samples, dim=dim):
        return nan
    variances = real.factor.square().sum(dim=0)
    kept = variances > _NEGLIGIBLE * variances.max()
    error = _sampling_error(
        real_features,
        real.mean,
        real.factor[:, kept] / variances[kept],
        variances[kept],
        torch.zeros_like(real.mean),
    )
    return error.bias * num_samples


@dataclass(frozen=True)
class _SamplingError:
    """What the draw of one of the two sets does to their distance."""

    bias: float
    standard_error: float


def _sampling_error(
    features: Tensor, mean: Tensor, whitening: Tensor, roots: Tensor, shift: Tensor
) -> _SamplingError:
    """Sum up one side; the features times ``whitening`` (d x r) have variance 1 each: z = y / s."""
    products = torch.zeros(len(roots), len(roots), dtype=torch.float64)
    influences, variance = [], 0.0
    for chunk in features.split(_CHUNK_ROWS):
        centred = chunk.double() - mean
        squares = (centred @ whitening).square_()
        lengths = centred.square().sum(dim=1)
        products += gram(squares)
        influences.append(2 * (centred @ shift) + lengths - squares @ roots)
        variance += float(lengths.sum())
    num_samples = len(features)
    fourth = products / num_samples - torch.eye(len(roots), dtype=torch.float64)
    curvature = fourth * torch.outer(roots, roots) / (roots + roots[:, None])
    bias = variance / (num_samples - 1) + float(curvature.sum()) / 2
    return _SamplingError(bias / num_samples, float(torch.cat(influences).std()) / num_samples**0.5)


def _inverse_transposed(factor: Tensor) -> Tensor:
    """Return F⁻ᵀ of a factor with orthogonal columns, without those of no length."""
    variances = factor.square().sum(dim=0)
    kept = variances > _NEGLIGIBLE * variances.max()
    return torch.where(kept, factor / variances, 0.0)
