"""What D's head learns of a sample's neighbours, between trunk and head.

Both layers compare samples within groups of fixed size, so that a logit depends on few neighbours
and means the same in batches of any size. A gradient penalty is then no longer that of a sample by
itself; see ``gan_models.objectives.penalties``.
"""

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.blocks import maybe_spectral
from gan_models.networks.grouping import in_groups

NUM_KERNELS, KERNEL_DIM = 32, 5  # B and C of 1606.03498, section 3.2; its code takes 100 and 5
_STD_EPSILON = 1e-8  # of the variance: the square root has no derivative at zero


class MinibatchDiscrimination(nn.Module):
    """Appends how close a sample is to its group, by learnt distances (1606.03498, section 3.2).

    With M_i = f(x_i) T in R^(B x C) it appends o(x_i)_b = Σ_j exp(−|M_ib − M_jb|₁) for b = 1…B,
    where j runs over the group, i itself included as in the paper.

    Args:
        num_features: of the trunk.
        group: samples that are compared.
        spectral: whether T is normalised, as D's other layers are.
    """

    def __init__(self, num_features: int, group: int, *, spectral: bool) -> None:
        super().__init__()
        project = nn.Linear(num_features, NUM_KERNELS * KERNEL_DIM, bias=False)
        self.project = maybe_spectral(project, spectral)
        self.num_appended = NUM_KERNELS
        self._group = group

    def forward(self, features: Tensor) -> Tensor:
        """Map N x ``num_features`` to N x (``num_features`` + B)."""
        projected = self.project(features).view(-1, NUM_KERNELS, KERNEL_DIM)
        groups = in_groups(projected, self._group)
        distances = (groups[:, :, None] - groups[:, None]).abs().sum(-1)  # groups x i x j x B
        closeness = distances.neg().exp().sum(2).flatten(0, 1)
        return torch.cat([features, closeness[: len(features)]], 1)


class MinibatchStandardDeviation(nn.Module):
    """Appends how much the features spread within the group (1710.10196, section 3).

    The standard deviation of each feature over the group, averaged over features: one number for
    all samples of a group. The trunk's output is flat here, so the mean runs over channels and
    places at once, which is what the paper's two means come to.

    Args:
        group: samples that are compared; the paper's code and StyleGAN2 (1912.04958) take 4.
    """

    num_appended = 1

    def __init__(self, group: int) -> None:
        super().__init__()
        self._group = group

    def forward(self, features: Tensor) -> Tensor:
        """Map N x F to N x (F + 1)."""
        variance = in_groups(features, self._group).var(1, correction=0)
        spread = (variance + _STD_EPSILON).sqrt().mean(1).repeat_interleave(self._group)
        return torch.cat([features, spread[: len(features), None]], 1)


def minibatch_layer(
    config: GanConfig, num_features: int
) -> MinibatchDiscrimination | MinibatchStandardDeviation | None:
    """Return the layer that the configuration asks for, or None."""
    if config.minibatch == "discrimination":
        return MinibatchDiscrimination(
            num_features, config.minibatch_group, spectral=config.spectral_norm
        )
    if config.minibatch == "stddev":
        return MinibatchStandardDeviation(config.minibatch_group)
    return None
