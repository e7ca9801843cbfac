from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, batch_norm, conv2d, interpolate, relu

from gan_models.config import GanConfig
from gan_models.networks.blocks import Residual
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.networks.resnet import SumOverGrid
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.networks.contract_architecture import ArchitectureContract

DIGITS = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


class TestResnet(ArchitectureContract):
    @pytest.fixture
    def config(self) -> GanConfig:
        return GanConfig(network="resnet", width=8, latent_dim=4)


def config(**params: Any) -> GanConfig:
    return GanConfig.from_params({"network": "resnet", "width": 8, "latent_dim": 4} | params)


def blocks(network: nn.Module) -> list[Any]:
    return [layer for layer in network.modules() if isinstance(layer, Residual)]


def convolutions(block: Residual) -> tuple[list[Any], list[Any]]:
    """Return those of the branch, and those of the shortcut."""
    ways = (block.branch, block.shortcut)
    first, second = ([it for it in way.modules() if isinstance(it, nn.Conv2d)] for way in ways)
    return first, second


def through(conv: nn.Conv2d, maps: Tensor) -> Tensor:
    return conv2d(maps, conv.weight, conv.bias, padding=conv.kernel_size[0] // 2)


def randn(*shape: int) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_a_block_of_g_is_that_of_the_paper(norm: str) -> None:
    block = blocks(build_generator(config(generator_norm=norm), DIGITS).double())[0]
    (first, second), (straight,) = convolutions(block)
    maps = randn(5, 8, 2, 2)

    def normed(values: Tensor) -> Tensor:
        return values if norm == "none" else batch_norm(values, None, None, training=True)

    fine = interpolate(relu(normed(maps)), scale_factor=2, mode="nearest")
    branch = through(second, relu(normed(through(first, fine))))
    shortcut = through(straight, interpolate(maps, scale_factor=2, mode="nearest"))
    torch.testing.assert_close(block(maps), branch + shortcut)


def test_blocks_of_d_are_those_of_the_paper() -> None:
    first, second, last = blocks(build_discriminator(config(), DIGITS).double())
    for block, maps, sees_image in (
        (first, randn(5, 1, 8, 8), True),
        (second, randn(5, 8, 4, 4), False),
    ):
        (one, two), (straight,) = convolutions(block)
        entered = maps if sees_image else relu(maps)
        branch = avg_pool2d(through(two, relu(through(one, entered))), 2)
        shortcut = through(straight, avg_pool2d(maps, 2))
        torch.testing.assert_close(block(maps), branch + shortcut)
    (one, two), none = convolutions(last)
    maps = randn(5, 8, 2, 2)
    torch.testing.assert_close(last(maps), maps + through(two, relu(through(one, relu(maps)))))
    assert none == []


def test_features_are_sums_over_the_grid() -> None:
    maps = randn(2, 3, 4, 5)
    torch.testing.assert_close(SumOverGrid()(maps), torch.einsum("nchw->nc", maps))


def test_a_block_doubles_each_size_and_channels_halve_beyond_32_pixels() -> None:
    sample = SampleSpec(SampleKind.IMAGE, (3, 128, 128))
    with torch.device("meta"):
        made = blocks(build_generator(config(width=64), sample))
        judged = blocks(build_discriminator(config(width=64), sample))
    widths = [64, 64, 64, 64, 32, 16]

    assert [_ends(block) for block in made] == list(pairwise(widths))
    assert [_ends(block) for block in judged] == [
        (3, 32), (32, 64), (64, 64), (64, 64), (64, 64), (64, 64)
    ]  # fmt: skip


@pytest.mark.parametrize(("norm", "in_generator"), [("batch", 5), ("none", 0)])
def test_batch_norm_is_an_option_of_g_alone(norm: str, in_generator: int) -> None:
    counts = [
        sum(isinstance(layer, nn.BatchNorm2d) for layer in build(wanted, DIGITS).modules())
        for wanted in [config(generator_norm=norm)]
        for build in (build_generator, build_discriminator)
    ]

    assert counts == [in_generator, 0]


def test_only_a_convolution_that_a_batch_norm_follows_has_no_bias() -> None:
    def biases(norm: str) -> list[bool]:
        generator = build_generator(config(generator_norm=norm), DIGITS)
        (first, second), (straight,) = convolutions(blocks(generator)[0])
        return [layer.bias is not None for layer in (first, second, straight)]

    assert biases("batch") == [False, True, True]
    assert biases("none") == [True, True, True]


def _ends(block: Residual) -> tuple[int, int]:
    branch, _ = convolutions(block)
    return branch[0].in_channels, branch[-1].out_channels
