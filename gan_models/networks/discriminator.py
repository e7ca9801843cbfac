"""What every D has in common: a trunk that sees, and a head that decides."""

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.blocks import maybe_spectral
from gan_models.networks.minibatch import minibatch_layer


class Discriminator(nn.Module):
    """Samples through an architecture's trunk to features, and through one linear head to a logit.

    Between the two, the features of a sample may be joined by what tells it from its neighbours.

    Args:
        config: says whether the head is normalised, and what it learns of neighbours.
        trunk: maps N samples to N x ``num_features``, one by one.
        num_features: how many the trunk gives.
    """

    def __init__(self, config: GanConfig, trunk: nn.Module, num_features: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.minibatch = minibatch_layer(config, num_features)
        if self.minibatch is not None:
            num_features += self.minibatch.num_appended
        self.head: nn.Module = maybe_spectral(nn.Linear(num_features, 1), config.spectral_norm)

    def forward(self, samples: Tensor, *labels: Tensor) -> Tensor:
        """Map N x ``sample.shape`` to N logits.

        A conditional head is given N labels too; one that classifies gives N x (1 + classes).
        """
        features = self.trunk(samples)
        if self.minibatch is not None:
            features = self.minibatch(features)
        return torch.squeeze(self.head(features, *labels), 1)
