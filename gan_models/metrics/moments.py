"""Mean and covariance of features, gathered batch by batch in float64.

Parts are merged by the pairwise rule of Chan, Golub & LeVeque (1979), which loses no digits where
means are large, so that batches, processes and resumed runs add up to what one pass gives.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.symmetric import gram

MIN_SAMPLES = 2  # for a covariance
_CHUNK_ROWS = 4096  # features may be float32 and larger than memory allows in float64


@dataclass(frozen=True)
class Moments:
    """Count, mean (d) and scatter Σ (x − mean)(x − mean)ᵀ (d x d) of the features of one kind.

    ``features`` names what they are of (an extractor's fingerprint); unlike kinds do not merge.
    """

    num_samples: int
    mean: Tensor
    scatter: Tensor
    features: str = ""

    @classmethod
    def of(cls, samples: Tensor, features: str = "") -> Self:
        """Gather n x d features of any floating type."""
        first, *others = (cls._of_chunk(chunk, features) for chunk in samples.split(_CHUNK_ROWS))
        for other in others:
            first = first.merge(other)
        return first

    @classmethod
    def _of_chunk(cls, chunk: Tensor, features: str) -> Self:
        values = chunk.double()
        mean = values.mean(dim=0)
        centred = values - mean
        return cls(len(values), mean, gram(centred), features)

    def merge(self, other: Self) -> Self:
        """Return the moments of both sets together.

        Raises:
            MetricError: if they are of unlike features.
        """
        if self.features != other.features or self.mean.shape != other.mean.shape:
            raise MetricError(
                f"moments of features '{self.features}' ({len(self.mean)} values) cannot be merged "
                f"with those of '{other.features}' ({len(other.mean)} values)"
            )
        total = self.num_samples + other.num_samples
        step = other.mean - self.mean
        between = self.num_samples * other.num_samples / total
        return type(self)(
            num_samples=total,
            mean=self.mean + step * (other.num_samples / total),
            scatter=self.scatter + other.scatter + between * torch.outer(step, step),
            features=self.features,
        )

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance (n − 1), d x d.

        Raises:
            MetricError: if there are fewer than two samples.
        """
        if self.num_samples < MIN_SAMPLES:
            raise MetricError(f"{self.num_samples} samples: at least {MIN_SAMPLES} are needed")
        return self.scatter / (self.num_samples - 1)
