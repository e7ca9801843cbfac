"""Packing (PacGAN, Lin et al., 1712.04086): D judges m samples of one kind at once.

A G that collapses makes packs without variety, which a D that sees one sample at a time cannot
know: mode collapse becomes visible in the input. The packs' distributions are the m-fold products,
whose distance is large where modes are missing (their section 3).
"""

from torch import Tensor, nn

from gan_models.networks.grouping import in_groups
from gan_models.samples import SampleSpec


def packed(sample: SampleSpec, pack: int) -> SampleSpec:
    """Return what one pack looks like: ``pack`` times the channels, or dimensions of a point."""
    return SampleSpec(sample.kind, (pack * sample.shape[0], *sample.shape[1:]))


class Packed(nn.Module):
    """A D of any architecture that is shown packs of neighbours as one sample.

    Args:
        discriminator: built for :func:`packed` samples.
        pack: samples in a pack.
    """

    def __init__(self, discriminator: nn.Module, pack: int) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.pack = pack

    def forward(self, samples: Tensor) -> Tensor:
        """Map N x ``sample.shape`` to ⌈N / pack⌉ logits, the packs in the order of the batch."""
        logits: Tensor = self.discriminator(in_groups(samples, self.pack).flatten(1, 2))
        return logits
