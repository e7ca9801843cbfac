"""Residual G and D after SNGAN (1802.05957, tables 3 and 4), for images of 8 to 128 pixels a side.

Each block of G doubles the size and each of D halves it, down to 4 x 4 or a little above; D ends
with one block that keeps the size, and sums its features over the grid. Weights are drawn as the
paper's are (Glorot, branches √2 larger), so that without any normalisation the signal keeps its
size through shortcuts. D has no normalisation but the spectral one.
"""

from itertools import pairwise

from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.base import Architecture
from gan_models.networks.blocks import Residual, generator_norm, maybe_spectral
from gan_models.networks.discriminator import Discriminator
from gan_models.networks.resampling import halve
from gan_models.networks.sizes import Size, channels_at, image_sizes
from gan_models.samples import SampleSpec

MAX_SIZE = 128
_BRANCH_GAIN = 2.0**0.5


class ResnetGenerator(nn.Module):
    """z -> coarse grid of ``width`` channels -> a block for each doubling -> tanh image."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        sizes = image_sizes(sample, "resnet", largest=MAX_SIZE)[::-1]
        channels = [channels_at(size, config.width) for size in sizes]
        self._coarse_shape = (channels[0], *sizes[0])
        self.project = nn.Linear(config.latent_dim, channels[0] * sizes[0][0] * sizes[0][1])
        blocks = [
            _up_block(fan_in, fan_out, size, config, sample)
            for (fan_in, fan_out), size in zip(pairwise(channels), sizes[1:], strict=True)
        ]
        last_norm = generator_norm(channels[-1], config, sample)
        to_image = _conv(channels[-1], sample.shape[0], 3)
        self.layers = nn.Sequential(*blocks, *last_norm, nn.ReLU(), to_image, nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        """Map N x ``latent_dim`` to N x channels x height x width in [−1, 1]."""
        images: Tensor = self.layers(self.project(z).view(-1, *self._coarse_shape))
        return images


class SumOverGrid(nn.Module):
    """N x C x H x W to the N x C sums over all places (global sum pooling)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Sum over height and width."""
        return maps.sum((2, 3))


def resnet_discriminator(config: GanConfig, sample: SampleSpec) -> Discriminator:
    """Build a block for each halving, one more, and the sum over the grid as features."""
    sizes = image_sizes(sample, "resnet", largest=MAX_SIZE)
    channels = [sample.shape[0], *(channels_at(size, config.width) for size in sizes[1:])]
    spectral = config.spectral_norm
    blocks = [
        _down_block(fan_in, fan_out, fine, spectral, sees_image=fine is sizes[0])
        for (fan_in, fan_out), fine in zip(pairwise(channels), sizes, strict=False)
    ]
    last = nn.Sequential(*_branch(channels[-1], channels[-1], spectral))
    layers = [*blocks, Residual(last, nn.Identity()), nn.ReLU(), SumOverGrid()]
    return Discriminator(config, nn.Sequential(*layers), num_features=channels[-1])


def _up_block(
    fan_in: int, fan_out: int, fine: Size, config: GanConfig, sample: SampleSpec
) -> Residual:
    inner_norm = generator_norm(fan_out, config, sample)
    branch = nn.Sequential(
        *generator_norm(fan_in, config, sample),
        nn.ReLU(),
        nn.Upsample(size=fine),
        # batch norm subtracts the mean of a channel, bias and all
        _conv(fan_in, fan_out, 3, gain=_BRANCH_GAIN, bias=not inner_norm),
        *inner_norm,
        nn.ReLU(),
        _conv(fan_out, fan_out, 3, gain=_BRANCH_GAIN),
    )
    # a 1 x 1 convolution and nearest-neighbour upsampling commute: this order is the cheaper one
    shortcut = nn.Sequential(_conv(fan_in, fan_out, 1), nn.Upsample(size=fine))
    return Residual(branch, shortcut)


def _down_block(
    fan_in: int, fan_out: int, fine: Size, spectral: bool, *, sees_image: bool
) -> Residual:
    branch = _branch(fan_in, fan_out, spectral)
    if sees_image:
        del branch[0]  # a ReLU, which would cut the image's own values
    shortcut = nn.Sequential(halve(fine), _conv(fan_in, fan_out, 1, spectral=spectral))
    return Residual(nn.Sequential(*branch, halve(fine)), shortcut)


def _branch(fan_in: int, fan_out: int, spectral: bool) -> list[nn.Module]:
    return [
        nn.ReLU(),
        _conv(fan_in, fan_out, 3, gain=_BRANCH_GAIN, spectral=spectral),
        nn.ReLU(),
        _conv(fan_out, fan_out, 3, gain=_BRANCH_GAIN, spectral=spectral),
    ]


def _conv(
    fan_in: int,
    fan_out: int,
    kernel: int,
    *,
    gain: float = 1.0,
    bias: bool = True,
    spectral: bool = False,
) -> nn.Module:
    layer = nn.Conv2d(fan_in, fan_out, kernel, padding=kernel // 2, bias=bias)
    nn.init.xavier_uniform_(layer.weight, gain)
    return maybe_spectral(layer, spectral)


RESNET = Architecture(
    name="resnet",
    doc="residual G and D after SNGAN for images of 8 to 128 pixels a side; width channels",
    build_generator=ResnetGenerator,
    build_discriminator=resnet_discriminator,
)
