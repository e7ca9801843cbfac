"""Distributions whose Fréchet distance is known, to try estimates of it on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gan_models.metrics.frechet import FactoredGaussian, frechet_distance_to_moments
from gan_models.seeds import derive_seed

Values = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, int]], Values]

_ROTATION = 0.1  # of the fakes' axes against the reals', so that covariances do not commute
_SPREAD = 0.3  # standard deviation of the logarithm of the fakes' variances over the reals'
_SHIFT = 0.05  # standard deviation of each value of the fakes' mean


def _scale_mixture(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    """Draw a fifth of the samples, as wholes, with four times the scale of the others."""
    scale = np.where(rng.random((shape[0], 1)) < 0.2, 2.0, 0.5)
    return scale * rng.standard_normal(shape)


FAMILIES: dict[str, Draw] = {  # each value of mean 0 and variance 1
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "laplace": lambda rng, shape: rng.laplace(scale=0.5**0.5, size=shape),
    "uniform": lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, size=shape),
    "student-t5": lambda rng, shape: rng.standard_t(5, size=shape) * 0.6**0.5,
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
    "scale-mixture": _scale_mixture,
}


@dataclass(frozen=True)
class Distribution:
    """Values of a family, mixed by ``factor`` (d x d) and moved to ``mean`` (d)."""

    family: str
    mean: Values
    factor: Values

    def draw(self, num_samples: int, rng: np.random.Generator) -> Tensor:
        """Return samples as n x d float32."""
        values = FAMILIES[self.family](rng, (num_samples, len(self.mean)))
        return torch.from_numpy(self.mean + values @ self.factor.T).float()


def real_and_fake(family: str, dim: int) -> tuple[Distribution, Distribution]:
    """Return two distributions of a family whose covariances fall off as 1 / i, in unlike axes."""
    rng = np.random.default_rng(derive_seed(dim, "distributions"))
    axes = np.linalg.qr(rng.standard_normal((dim, dim))).Q
    variances = 1 / np.arange(1, dim + 1)
    skew = rng.standard_normal((dim, dim)) * _ROTATION / dim**0.5
    skew -= skew.T
    rotation = np.linalg.solve(np.eye(dim) + skew, np.eye(dim) - skew)  # Cayley's
    fake_variances = variances * np.exp(_SPREAD * rng.standard_normal(dim))
    real = Distribution(family, np.zeros(dim), axes * np.sqrt(variances))
    mean = _SHIFT * rng.standard_normal(dim)
    return real, Distribution(family, mean, rotation @ axes * np.sqrt(fake_variances))


def true_distance(real: Distribution, fake: Distribution) -> float:
    """Return the Fréchet distance of two distributions, from their means and covariances."""
    gaussian = FactoredGaussian(torch.from_numpy(real.mean), torch.from_numpy(real.factor))
    covariance = torch.from_numpy(fake.factor @ fake.factor.T)
    return frechet_distance_to_moments(gaussian, torch.from_numpy(fake.mean), covariance)
