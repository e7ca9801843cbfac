"""What finite samples do to a Fréchet distance: bias, standard error, and the floor.

Both covariances are estimates, which raises the distance by about b / n (Chong & Forsyth,
1911.07023, who extrapolate it away with fifteen distances). Here b is taken from the second-order
term of the distance in its perturbed means and covariances, at the cost of one eigendecomposition.
With S_r = F Fᵀ, Fᵀ S_g F = U diag(s²) Uᵀ and y = Uᵀ Fᵀ (x − mean),

    b = tr S + ½ Σ_ij V_ij / (s_i s_j (s_i + s_j)),   V_ij = E[y_i² y_j²] − δ_ij s_i⁴,

for the fakes; for the reals likewise with y = diag(s) Uᵀ F⁻¹ (x − mean). V holds the fourth moments
as they are, so the features need not be Gaussian. The first-order term is a sum over samples of

    ψ(x) = 2 (x − mean)·(mean − other mean) + |x − mean|² − Σ_i y_i² / s_i,

whose scatter gives the standard error. It is a little too large for fakes as good as real. A real
split with a fixed number of each class varies less: see :mod:`gan_models.metrics.sampling_error`.
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
from gan_models.metrics.sampling_error import View, sampling_error

MIN_SAMPLES_PER_FEATURE = 4  # with fewer, terms beyond the second order are no longer small

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
    real: FactoredGaussian,
    real_features: Tensor,
    fake_features: Tensor,
    *,
    strata: Tensor | None = None,
) -> FrechetScore:
    """Score m x d fake features against n x d real ones, whose Gaussian was fitted before.

    Args:
        real: fitted to ``real_features``.
        real_features: n x d.
        fake_features: m x d, drawn at random.
        strata: the class of each real, where their split holds a fixed number of each class.

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
    seen = View(fake.mean, real.factor @ rotation / roots, roots, shift)
    of_fakes = sampling_error(fake_features, seen)
    seen = View(real.mean, _inverse_transposed(real.factor) @ rotation, roots, -shift)
    of_reals = sampling_error(real_features, seen, strata)
    return FrechetScore(
        value,
        debiased=value - of_fakes.bias - of_reals.bias,
        standard_error=hypot(of_fakes.standard_error, of_reals.standard_error),
    )


def enough_for_bias(n_real: int, n_fake: int, *, dim: int) -> bool:
    """Say whether the bias of a distance between so many samples can be told."""
    return min(n_real, n_fake) >= MIN_SAMPLES_PER_FEATURE * dim


def bias_of_perfect(
    real: FactoredGaussian, real_features: Tensor, strata: Tensor | None = None
) -> float:
    """Return what a draw of as many samples adds to the distance of equal distributions.

    It falls as one over their number. NaN where there are fewer than ``MIN_SAMPLES_PER_FEATURE``
    reals for each feature.

    Args:
        real: fitted to ``real_features``.
        real_features: n x d.
        strata: the class of each sample for a draw with a fixed number of each class; None for
            one at random, as fakes are.
    """
    num_samples, dim = real_features.shape
    if not enough_for_bias(num_samples, num_samples, dim=dim):
        return nan
    variances = real.factor.square().sum(dim=0)
    kept = variances > _NEGLIGIBLE * variances.max()
    whitening = real.factor[:, kept] / variances[kept]
    seen = View(real.mean, whitening, variances[kept], torch.zeros_like(real.mean))
    return sampling_error(real_features, seen, strata).bias


def _inverse_transposed(factor: Tensor) -> Tensor:
    """Return F⁻ᵀ of a factor with orthogonal columns, without those of no length."""
    variances = factor.square().sum(dim=0)
    kept = variances > _NEGLIGIBLE * variances.max()
    return torch.where(kept, factor / variances, 0.0)
