"""What every D has in common: a trunk that sees, and a head that decides."""

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.blocks import maybe_spectral


class Discriminator(nn.Module):
    """Samples through an architecture's trunk to features, and through one linear head to a logit.

    Args:
        config: says whether the head is normalised.
        trunk: maps N samples to N x ``num_features``, one by one.
        num_features: how many the trunk gives.
    """

    def __init__(self, config: GanConfig, trunk: nn.Module, num_features: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = maybe_spectral(nn.Linear(num_features, 1), config.spectral_norm)

    def forward(self, samples: Tensor) -> Tensor:
        """Map N x ``sample.shape`` to N logits."""
        return torch.squeeze(self.head(self.trunk(samples)), 1)
