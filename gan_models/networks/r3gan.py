"""Norm-free residual G and D after R3GAN (2501.05441, section 3), for images of 8 px and more.

A block is 1 x 1 – grouped 3 x 3 – 1 x 1 convolutions with leaky ReLU between them, in the middle
twice as wide as outside; ``depth`` blocks stand at each size, and bilinear resampling between
sizes. In place of normalisation there is fix-up initialisation (1901.09321): the last layer of each
branch is zero, and the others are L^(−1/4) of He's weights for L blocks of three layers, so that an
update moves a deep network no more than a shallow one. Both networks begin linear in each block.
"""

from itertools import pairwise
from math import gcd
from typing import TypeVar

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.base import Architecture
from gan_models.networks.blocks import LEAK, Residual, maybe_spectral
from gan_models.networks.discriminator import Discriminator
from gan_models.networks.resampling import BilinearUpsample, halve
from gan_models.networks.sizes import channels_at, image_sizes
from gan_models.samples import SampleSpec

MAX_SIZE = 256
Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)

_EXPANSION = 2  # width of the grouped convolution over that of the block
_GROUP_CHANNELS = 16  # as in the paper; fewer where the width is no multiple of 8


class R3ganGenerator(nn.Module):
    """z scales a learnt coarse grid channel by channel; blocks and doublings make the image."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        sizes = image_sizes(sample, "r3gan", largest=MAX_SIZE)[::-1]
        channels = [channels_at(size, config.width) for size in sizes]
        self.basis = nn.Parameter(torch.randn(channels[0], *sizes[0]))
        self.project = _linear_init(nn.Linear(config.latent_dim, channels[0], bias=False))
        layers = _stage(channels[0], config, len(sizes), spectral=False)
        for (coarse, fine), (fan_in, fan_out) in zip(
            pairwise(sizes), pairwise(channels), strict=True
        ):
            layers += [*_widen(fan_in, fan_out, spectral=False), BilinearUpsample(coarse, fine)]
            layers += _stage(fan_out, config, len(sizes), spectral=False)
        to_image = _linear_init(nn.Conv2d(channels[-1], sample.shape[0], 1))
        self.layers = nn.Sequential(*layers, to_image, nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """Map N x ``latent_dim`` to N x channels x height x width in [−1, 1]."""
        images: Tensor = self.layers(self.basis * self.project(z)[:, :, None, None])
        return images


def r3gan_discriminator(config: GanConfig, sample: SampleSpec) -> Discriminator:
    """Build the generator's mirror; a learnt template for each channel gives the features."""
    sizes = image_sizes(sample, "r3gan", largest=MAX_SIZE)
    channels = [channels_at(size, config.width) for size in sizes]
    spectral = config.spectral_norm
    from_image = _linear_init(nn.Conv2d(sample.shape[0], channels[0], 1))
    layers = [maybe_spectral(from_image, spectral)]
    layers += _stage(channels[0], config, len(sizes), spectral=spectral)
    for fine, (fan_in, fan_out) in zip(sizes, pairwise(channels), strict=False):
        layers += [halve(fine), *_widen(fan_in, fan_out, spectral=spectral)]
        layers += _stage(fan_out, config, len(sizes), spectral=spectral)
    template = _linear_init(nn.Conv2d(channels[-1], channels[-1], sizes[-1], groups=channels[-1]))
    layers += [maybe_spectral(template, spectral), nn.Flatten()]
    return Discriminator(config, nn.Sequential(*layers), channels[-1])


def fixup_block(channels: int, num_blocks: int, *, spectral: bool) -> Residual:
    """Return one block of a network of ``num_blocks``, which begins as the identity.

    With spectral normalisation it does not: it divides weights by their norm, and zero has none.
    """
    inner = _EXPANSION * channels
    groups = inner // gcd(inner, _GROUP_CHANNELS)
    convs = [
        nn.Conv2d(channels, inner, 1),
        nn.Conv2d(inner, inner, 3, padding=1, groups=groups),
        nn.Conv2d(inner, channels, 1, bias=False),
    ]
    for conv in convs[:-1]:
        nn.init.kaiming_normal_(conv.weight, a=LEAK)
        conv.weight.data.mul_(num_blocks ** (-1 / (2 * len(convs) - 2)))
        nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    if not spectral:
        nn.init.zeros_(convs[-1].weight)
    first, grouped, last = (maybe_spectral(conv, spectral) for conv in convs)
    branch = nn.Sequential(first, nn.LeakyReLU(LEAK), grouped, nn.LeakyReLU(LEAK), last)
    return Residual(branch, nn.Identity())


def _stage(channels: int, config: GanConfig, num_stages: int, *, spectral: bool) -> list[nn.Module]:
    num_blocks = config.depth * num_stages
    return [fixup_block(channels, num_blocks, spectral=spectral) for _ in range(config.depth)]


def _widen(fan_in: int, fan_out: int, *, spectral: bool) -> list[nn.Module]:
    """Return a 1 x 1 convolution where the number of channels changes."""
    if fan_in == fan_out:
        return []
    return [maybe_spectral(_linear_init(nn.Conv2d(fan_in, fan_out, 1, bias=False)), spectral)]


def _linear_init(layer: Layer) -> Layer:
    """Draw weights that keep the variance of a signal where no activation follows."""
    nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


R3GAN = Architecture(
    name="r3gan",
    doc="norm-free residual G and D after R3GAN, 8 to 256 pixels a side; depth blocks a size",
    build_generator=R3ganGenerator,
    build_discriminator=r3gan_discriminator,
)
