"""Style-based G and residual D after StyleGAN2 (1912.04958), for images of 8 to 256 pixels a side.

A mapping network of ``depth`` layers turns z into w, which sets the style of every convolution; the
image is the sum of what each size adds to it (output skips, figure 7b). D has residual blocks
(figure 7c). Left out: noise at each pixel, so that a sample is a function of z alone (StyleGAN3,
2106.12423, drops it as well), mixing of styles, and regularisation by path length.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gan_models.config import GanConfig
from gan_models.networks.base import Architecture
from gan_models.networks.blocks import LEAK, Residual, maybe_spectral
from gan_models.networks.discriminator import Discriminator
from gan_models.networks.modulated import ModulatedConv
from gan_models.networks.resampling import BilinearUpsample, halve
from gan_models.networks.sizes import Size, channels_at, image_sizes
from gan_models.samples import SampleSpec

MAX_SIZE = 256
_GAIN = 2.0**0.5  # of leaky ReLU: demodulation counts on inputs of variance 1
_EPSILON = 1e-8


class Mapping(nn.Module):
    """z, scaled to unit mean square, through ``depth`` leaky layers to w of the same dimension."""

    def __init__(self, latent_dim: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(depth):
            layers += [_he_init(nn.Linear(latent_dim, latent_dim)), nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Map N x ``latent_dim`` to as many."""
        w: Tensor = self.layers(z * (z.square().mean(1, keepdim=True) + _EPSILON).rsqrt())
        return w


class StyleStage(nn.Module):
    """All convolutions at one size, and what they add to the image.

    Args:
        latent_dim: of w.
        fan_in: channels that come from the stage before.
        fan_out: channels of this one.
        image_channels: of the image.
        upsample: from the size before to this; None for the first stage, which has half the layers.
    """

    def __init__(
        self,
        latent_dim: int,
        fan_in: int,
        fan_out: int,
        image_channels: int,
        upsample: nn.Module | None,
    ) -> None:
        super().__init__()
        self.upsample = upsample
        widths = [fan_in, fan_out] if upsample is None else [fan_in, fan_out, fan_out]
        self.convs = nn.ModuleList(ModulatedConv(latent_dim, *pair, 3) for pair in pairwise(widths))
        self.to_image = ModulatedConv(latent_dim, fan_out, image_channels, 1, demodulate=False)

    def forward(self, maps: Tensor, image: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """Return feature maps and the image so far, both at this stage's size."""
        if self.upsample is not None:
            maps, image = self.upsample(maps), self.upsample(image)
        for conv in self.convs:
            maps = _GAIN * leaky_relu(conv(maps, w), LEAK)
        return maps, image + self.to_image(maps, w)


class StyleGenerator(nn.Module):
    """z -> w; a learnt coarse grid through stages in the style of w; tanh of the images' sum."""

    def __init__(self, config: GanConfig, sample: SampleSpec) -> None:
        super().__init__()
        sizes = image_sizes(sample, "style", largest=MAX_SIZE)[::-1]
        channels = [channels_at(size, config.width) for size in sizes]
        steps: list[nn.Module | None] = [
            None,
            *(BilinearUpsample(*pair) for pair in pairwise(sizes)),
        ]
        self.mapping = Mapping(config.latent_dim, config.depth)
        self.constant = nn.Parameter(torch.randn(channels[0], *sizes[0]))
        self.stages = nn.ModuleList(
            StyleStage(config.latent_dim, fan_in, fan_out, sample.shape[0], upsample)
            for fan_in, fan_out, upsample in zip(
                [channels[0], *channels], channels, steps, strict=False
            )
        )

    def forward(self, z: Tensor) -> Tensor:
        """Map N x ``latent_dim`` to N x channels x height x width in [−1, 1]."""
        w = self.mapping(z)
        maps, image = self.constant.expand(len(z), -1, -1, -1), self.constant.new_zeros(())
        for stage in self.stages:
            maps, image = stage(maps, image, w)
        return image.tanh()


def style_discriminator(config: GanConfig, sample: SampleSpec) -> Discriminator:
    """Build a residual block for each halving, a last convolution, and dense features."""
    sizes = image_sizes(sample, "style", largest=MAX_SIZE)
    channels = [channels_at(size, config.width) for size in sizes]
    spectral = config.spectral_norm
    layers = _conv(sample.shape[0], channels[0], 1, spectral)
    for fine, (fan_in, fan_out) in zip(sizes, pairwise(channels), strict=False):
        layers.append(_down_block(fan_in, fan_out, fine, spectral))
    layers += [*_conv(channels[-1], channels[-1], 3, spectral), nn.Flatten()]
    dense = nn.Linear(channels[-1] * sizes[-1][0] * sizes[-1][1], channels[-1])
    layers += [maybe_spectral(_he_init(dense), spectral), nn.LeakyReLU(LEAK)]
    return Discriminator(config, nn.Sequential(*layers), channels[-1])


def _down_block(fan_in: int, fan_out: int, fine: Size, spectral: bool) -> Residual:
    branch = [
        *_conv(fan_in, fan_in, 3, spectral),
        halve(fine),
        *_conv(fan_in, fan_out, 3, spectral),
    ]
    straight = nn.Conv2d(fan_in, fan_out, 1, bias=False)
    nn.init.kaiming_normal_(straight.weight, nonlinearity="linear")
    shortcut = nn.Sequential(halve(fine), maybe_spectral(straight, spectral))
    return Residual(nn.Sequential(*branch), shortcut, scale=0.5**0.5)  # keeps the variance


def _conv(fan_in: int, fan_out: int, kernel: int, spectral: bool) -> list[nn.Module]:
    layer = _he_init(nn.Conv2d(fan_in, fan_out, kernel, padding=kernel // 2))
    return [maybe_spectral(layer, spectral), nn.LeakyReLU(LEAK)]


def _he_init(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    nn.init.kaiming_normal_(layer.weight, a=LEAK)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


STYLE = Architecture(
    name="style",
    doc="style-based G, residual D after StyleGAN2, 8 to 256 pixels a side; depth mapping layers",
    build_generator=StyleGenerator,
    build_discriminator=style_discriminator,
)
