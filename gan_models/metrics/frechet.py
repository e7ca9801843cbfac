"""Fréchet distance between Gaussians fitted to features, in float64.

|m_r − m_g|² + tr S_r + tr S_g − 2 tr (S_r S_g)^½ (Heusel et al., 1706.08500). With a factor F of
the real covariance, S_r = F Fᵀ, the last trace is the sum of the square roots of the eigenvalues
of the symmetric Fᵀ S_g F, or of the n x n Gram matrix with the same non-zero eigenvalues. Against
the square root of the product S_r S_g this takes a tenth of the time and no complex numbers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.moments import MIN_SAMPLES, Moments
from gan_models.metrics.symmetric import eigenvalues_of, gram


@dataclass(frozen=True)
class FactoredGaussian:
    """A Gaussian with mean (d) and covariance ``factor @ factor.T`` (``factor`` is d x r)."""

    mean: Tensor
    factor: Tensor

    @property
    def dim(self) -> int:
        """Number of dimensions d."""
        return self.mean.shape[0]


def checked_features(features: Tensor, dim: int | None = None) -> Tensor:
    """Return features as an n x d tensor on the CPU: float32, or float64 if they are.

    Raises:
        MetricError: if they are not two-dimensional, not ``dim`` wide, fewer than two, or not
            finite.
    """
    if features.ndim != 2:
        raise MetricError(
            f"features of shape {tuple(features.shape)}: must have two dimensions, samples x values"
        )
    num_samples, width = features.shape
    if dim is not None and width != dim:
        raise MetricError(f"features have {width} values each, the reference has {dim}")
    if num_samples < MIN_SAMPLES:
        raise MetricError(f"{num_samples} samples: at least {MIN_SAMPLES} are needed")
    num_broken = int((~torch.isfinite(features)).any(dim=1).sum())
    if num_broken:
        raise MetricError(f"{num_broken} of {num_samples} samples have NaN or infinite features")
    dtype = torch.float64 if features.dtype == torch.float64 else torch.float32
    return features.detach().to("cpu", dtype)


def fit_gaussian(features: Tensor) -> FactoredGaussian:
    """Fit mean and unbiased covariance (n − 1) to n x d features, and factor the covariance.

    Raises:
        MetricError: as :func:`checked_features`.
    """
    features = checked_features(features)
    if len(features) < features.shape[1]:
        mean, scaled = _scaled(features)
        return FactoredGaussian(mean, scaled.T)  # exact: no square root of a rounded zero
    moments = Moments.of(features)
    eigenvalues, vectors = torch.linalg.eigh(moments.covariance)
    return FactoredGaussian(moments.mean, vectors * eigenvalues.clamp(min=0).sqrt())


def frechet_distance(real: FactoredGaussian, features: Tensor) -> float:
    """Return the Fréchet distance of n x d generated features to the real Gaussian.

    Biased upwards by about a constant over n: compare only at equal n.

    Raises:
        MetricError: as :func:`checked_features`.
    """
    features = checked_features(features, real.dim)
    if len(features) < real.dim:
        mean, scaled = _scaled(features)
        return _distance(real, mean, _squared_norm(scaled), gram((scaled @ real.factor).T))
    moments = Moments.of(features)
    return frechet_distance_to_moments(real, moments.mean, moments.covariance)


def frechet_distance_to_moments(real: FactoredGaussian, mean: Tensor, covariance: Tensor) -> float:
    """Return the distance of a Gaussian with this mean (d) and covariance (d x d), float64."""
    return _distance(real, mean, float(covariance.trace()), common_matrix(real, covariance))


def common_matrix(real: FactoredGaussian, covariance: Tensor) -> Tensor:
    """Return Fᵀ S_g F, whose eigenvalues are those of S_r S_g; symmetric to the last bit."""
    product = real.factor.T @ covariance @ real.factor
    return (product + product.T) / 2


def distance_from_eigenvalues(
    real: FactoredGaussian, mean: Tensor, variance: float, eigenvalues: Tensor
) -> float:
    """Return the distance, given the fakes' mean, the trace of their covariance, and Fᵀ S_g F's."""
    shift = float((mean - real.mean).square().sum())
    common = float(eigenvalues.sqrt().sum())
    # Rounding leaves zeros of either sign for equal Gaussians.
    return max(0.0, shift + _squared_norm(real.factor) + variance - 2 * common)


def _scaled(features: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean, and rows whose outer products add up to the covariance."""
    values = features.double()
    mean = values.mean(dim=0)
    return mean, (values - mean) / (len(values) - 1) ** 0.5


def _distance(real: FactoredGaussian, mean: Tensor, variance: float, symmetric: Tensor) -> float:
    return distance_from_eigenvalues(real, mean, variance, eigenvalues_of(symmetric))


def _squared_norm(values: Tensor) -> float:
    return float(torch.linalg.vector_norm(values)) ** 2
