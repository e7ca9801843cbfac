from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, leaky_relu

from gan_models.config import GanConfig
from gan_models.networks.blocks import Residual
from gan_models.networks.modulated import ModulatedConv
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.networks.style import Mapping, StyleGenerator
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.networks.contract_architecture import ArchitectureContract, latents

pytestmark = pytest.mark.usefixtures("seeded")

DIGITS = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
SMALL = GanConfig(network="style", width=8, depth=2, latent_dim=4)


class TestStyle(ArchitectureContract):
    @pytest.fixture
    def config(self) -> GanConfig:
        return SMALL


@pytest.fixture
def generator() -> StyleGenerator:
    built = build_generator(SMALL, DIGITS).double()
    assert isinstance(built, StyleGenerator)
    return built


def randn(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def test_only_the_direction_of_z_counts(generator: StyleGenerator) -> None:
    z = randn(3, 4)
    torch.testing.assert_close(generator(z), generator(1000 * z))


def test_the_mapping_is_depth_leaky_layers_of_normalised_z() -> None:
    mapping, z = Mapping(4, depth=3).double(), randn(5, 4)
    layers = [layer for layer in mapping.modules() if isinstance(layer, nn.Linear)]

    w = z / z.square().mean(1, keepdim=True).sqrt()
    for layer in layers:
        w = leaky_relu(w @ layer.weight.T + layer.bias, 0.2)

    assert len(layers) == 3
    torch.testing.assert_close(mapping(z), w)


def test_the_image_is_what_all_sizes_add_to_it(generator: StyleGenerator) -> None:
    added: list[Tensor] = []
    for stage in generator.stages:
        stage.to_image.register_forward_hook(lambda _, __, image: added.append(image))  # type: ignore[union-attr]

    images = generator(randn(3, 4))

    assert [image.shape[2:] for image in added] == [(2, 2), (4, 4), (8, 8)]
    total = torch.zeros(3, 1, 1, 1, dtype=torch.float64)
    for image in added:
        total = interpolate(total, size=image.shape[2:], mode="bilinear") + image
    torch.testing.assert_close(images, total.tanh(), rtol=0, atol=1e-6)


def test_w_sets_the_style_of_every_convolution(generator: StyleGenerator) -> None:
    seen: list[Tensor] = []
    layers = [layer for layer in generator.modules() if isinstance(layer, ModulatedConv)]
    for layer in layers:
        layer.register_forward_hook(lambda _, given, __: seen.append(given[1]))
    z = randn(3, 4)

    generator(z)

    assert [layer.weight.shape[-1] for layer in layers] == [3, 1, 3, 3, 1, 3, 3, 1]
    assert len(seen) == len(layers)
    assert all(torch.equal(w, generator.mapping(z)) for w in seen)


def test_signals_neither_fade_nor_grow_from_size_to_size() -> None:
    config = replace(SMALL, width=64, latent_dim=64)
    generator = build_generator(config, SampleSpec(SampleKind.IMAGE, (1, 32, 32)))
    spreads: list[float] = []
    for stage in generator.stages:  # type: ignore[union-attr]
        stage.register_forward_hook(lambda _, __, out: spreads.append(out[0].detach().std().item()))

    generator(latents(8, config))

    assert len(spreads) == 4
    assert all(0.3 < spread < 1.5 for spread in spreads)


def test_a_block_of_d_is_that_of_the_paper() -> None:
    discriminator = build_discriminator(SMALL, DIGITS).double()
    block: Any = next(layer for layer in discriminator.modules() if isinstance(layer, Residual))
    one, two, straight = (layer for layer in block.modules() if isinstance(layer, nn.Conv2d))
    maps = randn(3, 8, 8, 8)

    fine = leaky_relu(conv2d(maps, one.weight, one.bias, padding=1), 0.2)
    branch = leaky_relu(conv2d(avg_pool2d(fine, 2), two.weight, two.bias, padding=1), 0.2)
    shortcut = conv2d(avg_pool2d(maps, 2), straight.weight)

    torch.testing.assert_close(block(maps), (branch + shortcut) / 2**0.5)


@pytest.mark.parametrize("size", [8, 16, 64])
def test_d_has_a_block_for_each_halving(size: int) -> None:
    sample = SampleSpec(SampleKind.IMAGE, (1, size, size))
    with torch.device("meta"):
        discriminator = build_discriminator(SMALL, sample)

    num_blocks = sum(isinstance(layer, Residual) for layer in discriminator.modules())

    assert num_blocks == {8: 2, 16: 2, 64: 4}[size]
