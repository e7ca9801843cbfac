"""Pieces that several architectures share."""

from torch import Tensor, nn
from torch.nn.utils import parametrizations

from gan_models.config import GanConfig
from gan_models.networks.conditional_norm import ConditionalBatchNorm2d
from gan_models.samples import SampleSpec

LEAK = 0.2  # slope of leaky ReLU in D, as in DCGAN (1511.06434)


def maybe_spectral(layer: nn.Module, wanted: bool) -> nn.Module:
    """Return the layer, divided by its largest singular value if ``wanted`` (1802.05957)."""
    return parametrizations.spectral_norm(layer) if wanted else layer


def generator_norm(channels: int, config: GanConfig, sample: SampleSpec) -> list[nn.Module]:
    """Return what normalises ``channels`` feature maps in G: nothing, or one batch norm.

    Where D judges by projection, each class has a scale and a shift of its own.
    """
    if config.generator_norm == "none":
        return []
    if config.conditioning == "projection" and sample.classes is not None:
        return [ConditionalBatchNorm2d(channels, len(sample.classes))]
    return [nn.BatchNorm2d(channels)]


class Residual(nn.Module):
    """``scale`` · (branch(x) + shortcut(x)) (1512.03385)."""

    def __init__(self, branch: nn.Module, shortcut: nn.Module, *, scale: float = 1.0) -> None:
        super().__init__()
        self.branch = branch
        self.shortcut = shortcut
        self._scale = scale

    def forward(self, maps: Tensor) -> Tensor:
        """Map feature maps to feature maps, of whatever shape both ways agree on."""
        total: Tensor = self.branch(maps) + self.shortcut(maps)
        return total if self._scale == 1.0 else self._scale * total
