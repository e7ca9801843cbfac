"""Fully connected G and D: for points in the plane, and a fair baseline for small images."""

from math import prod

from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.base import Architecture
from gan_models.networks.blocks import LEAK, maybe_spectral
from gan_models.networks.discriminator import Discriminator
from gan_models.samples import SampleKind, SampleSpec


class MlpGenerator(nn.Module):
    """z through ``depth`` ReLU layers of ``width`` units; tanh at the end for images."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        widths = [config.latent_dim, *[config.width] * config.depth]
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(widths, widths[1:], strict=False):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
        layers.append(nn.Linear(config.width, prod(sample.shape)))
        if sample.kind is SampleKind.IMAGE:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)
        self._shape = sample.shape

    def forward(self, z: Tensor) -> Tensor:
        """Map N x ``latent_dim`` to N x ``sample.shape``."""
        flat: Tensor = self.layers(z)
        return flat.view(-1, *self._shape)


def mlp_discriminator(config: GanConfig, sample: SampleSpec) -> Discriminator:
    """Build ``depth`` leaky layers of ``width`` units, the last of them features."""
    widths = [prod(sample.shape), *[config.width] * config.depth]
    layers: list[nn.Module] = [nn.Flatten()]
    for fan_in, fan_out in zip(widths, widths[1:], strict=False):
        layer = maybe_spectral(nn.Linear(fan_in, fan_out), config.spectral_norm)
        layers += [layer, nn.LeakyReLU(LEAK)]
    return Discriminator(config, nn.Sequential(*layers), config.width)


MLP = Architecture(
    name="mlp",
    doc="fully connected G and D; width hidden units, depth hidden layers; any sample",
    build_generator=MlpGenerator,
    build_discriminator=mlp_discriminator,
)
