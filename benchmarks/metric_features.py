"""Synthetic features that resemble those of Inception: sparse, positive, with a slow spectrum."""

import torch
from torch import Tensor

from gan_models.seeds import torch_generator

_DECAY = 0.5  # of the standard deviations of the hidden factors: i^-0.5
_FAKE_SCALE = 1.1


def inception_like(num_samples: int, dim: int, *, is_fake: bool) -> Tensor:
    """Return n x d float32 features: a ReLU of correlated Gaussians of a power-law spectrum."""
    mixing = torch.randn(dim, dim, generator=torch_generator("cpu", dim, "mixing"))
    generator = torch_generator("cpu", num_samples, "fakes" if is_fake else "reals")
    factors = torch.randn(num_samples, dim, generator=generator)
    factors *= torch.arange(1, dim + 1).pow(-_DECAY) * (_FAKE_SCALE if is_fake else 1)
    return (factors @ mixing).relu()
