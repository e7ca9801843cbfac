"""Convolutional G and D after DCGAN (1511.06434), for images of any size from 8 to 64.

Sizes are halved by integer division on the way down and restored exactly on the way up, so odd
and oblong images (28 x 28, 24 x 40) need no padding or cropping. D has no normalisation besides
the optional spectral one: batch statistics in D would couple the samples of a gradient penalty.
Weights start as torch draws them, not from the paper's N(0, 0.02²): D has no batch norm here that
would scale such small weights up.
"""

from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.base import Architecture
from gan_models.networks.blocks import LEAK, generator_norm, maybe_spectral
from gan_models.networks.discriminator import Discriminator
from gan_models.networks.sizes import MIN_CHANNELS, image_sizes
from gan_models.samples import SampleSpec

MAX_SIZE = 64


class DcganGenerator(nn.Module):
    """z -> coarse grid of ``width`` channels -> doubled sizes, halved channels -> tanh image."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        channels, sizes = sample.shape[0], image_sizes(sample, "dcgan", largest=MAX_SIZE)[::-1]
        normed = config.generator_norm == "batch"
        self._coarse_shape = (config.width, *sizes[0])
        self.project = nn.Linear(config.latent_dim, config.width * sizes[0][0] * sizes[0][1])
        layers: list[nn.Module] = [*generator_norm(config.width, config, sample), nn.ReLU()]
        fan_in = config.width
        for level, (coarse, fine) in enumerate(zip(sizes, sizes[1:], strict=False), start=1):
            is_last = level == len(sizes) - 1
            fan_out = channels if is_last else max(MIN_CHANNELS, config.width >> level)
            bias = is_last or not normed  # batch norm subtracts the mean of a channel, bias and all
            layers.append(_upsample(fan_in, fan_out, coarse, fine, bias=bias))
            norm = generator_norm(fan_out, config, sample)
            layers += [nn.Tanh()] if is_last else [*norm, nn.ReLU()]
            fan_in = fan_out
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Map N x ``latent_dim`` to N x channels x height x width in [−1, 1]."""
        images: Tensor = self.layers(self.project(z).view(-1, *self._coarse_shape))
        return images


def dcgan_discriminator(config: GanConfig, sample: SampleSpec) -> Discriminator:
    """Build the generator's mirror: halved sizes, doubled channels, all of them features."""
    fan_in, sizes = sample.shape[0], image_sizes(sample, "dcgan", largest=MAX_SIZE)
    layers: list[nn.Module] = []
    for level in range(1, len(sizes)):
        fan_out = max(MIN_CHANNELS, config.width >> (len(sizes) - 1 - level))
        conv = nn.Conv2d(fan_in, fan_out, kernel_size=4, stride=2, padding=1)
        layers += [maybe_spectral(conv, config.spectral_norm), nn.LeakyReLU(LEAK)]
        fan_in = fan_out
    trunk = nn.Sequential(*layers, nn.Flatten())
    return Discriminator(config, trunk, fan_in * sizes[-1][0] * sizes[-1][1])


def _upsample(
    fan_in: int, fan_out: int, coarse: tuple[int, int], fine: tuple[int, int], *, bias: bool
) -> nn.ConvTranspose2d:
    remainder = (fine[0] - 2 * coarse[0], fine[1] - 2 * coarse[1])
    return nn.ConvTranspose2d(
        fan_in, fan_out, kernel_size=4, stride=2, padding=1, output_padding=remainder, bias=bias
    )


DCGAN = Architecture(
    name="dcgan",
    doc="convolutional G and D for images of 8 to 64 pixels a side; width channels at the bottom",
    build_generator=DcganGenerator,
    build_discriminator=dcgan_discriminator,
)
