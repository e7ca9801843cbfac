from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, leaky_relu

from gan_models.config import GanConfig
from gan_models.networks.blocks import Residual
from gan_models.networks.r3gan import fixup_block
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.networks.contract_architecture import ArchitectureContract, latents, stir

pytestmark = pytest.mark.usefixtures("seeded")

DIGITS = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
SMALL = GanConfig(network="r3gan", width=8, depth=2, latent_dim=4)


class TestR3gan(ArchitectureContract):
    @pytest.fixture
    def config(self) -> GanConfig:
        return replace(SMALL, depth=1)


def randn(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


def convolutions(block: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in block.modules() if isinstance(layer, nn.Conv2d)]


def test_a_block_begins_as_the_identity() -> None:
    maps = randn(2, 12, 4, 5)
    assert torch.equal(fixup_block(12, 6, spectral=False).double()(maps), maps)


@pytest.mark.parametrize(("channels", "groups"), [(16, 2), (24, 3), (12, 3), (5, 5)])
def test_a_trained_block_is_1x1_grouped_3x3_and_1x1_with_leaky_relu_between(
    channels: int, groups: int
) -> None:
    block, maps = stir(fixup_block(channels, 4, spectral=False)).double(), randn(2, channels, 4, 5)
    first, grouped, last = convolutions(block)

    wide = leaky_relu(conv2d(maps, first.weight, first.bias), 0.2)
    each = zip(
        *(part.chunk(groups, dim) for part, dim in ((wide, 1), (grouped.weight, 0))),
        grouped.bias.chunk(groups),  # type: ignore[union-attr]
        strict=True,
    )
    apart = torch.cat([conv2d(part, weight, bias, padding=1) for part, weight, bias in each], 1)
    branch = conv2d(leaky_relu(apart, 0.2), last.weight)

    assert (grouped.groups, last.bias) == (groups, None)
    torch.testing.assert_close(block(maps), maps + branch)


def test_other_weights_begin_smaller_in_a_deeper_network() -> None:
    for num_blocks in (1, 16):
        first, grouped, last = convolutions(fixup_block(64, num_blocks, spectral=False))
        for conv, fan_in in ((first, 64), (grouped, 9 * 16)):
            he = (2 / (1 + 0.2**2) / fan_in) ** 0.5
            expected = he * num_blocks**-0.25
            assert conv.weight.std().item() == pytest.approx(expected, rel=0.05)
        assert not last.weight.any()


def test_spectral_norm_leaves_no_weight_zero() -> None:
    block = fixup_block(8, 6, spectral=True)

    assert all(conv.weight.isfinite().all() and conv.weight.any() for conv in convolutions(block))


@pytest.mark.parametrize("depth", [1, 3])
def test_depth_counts_blocks_at_each_size(depth: int) -> None:
    for build in (build_generator, build_discriminator):
        network = build(replace(SMALL, depth=depth), DIGITS)
        assert sum(isinstance(layer, Residual) for layer in network.modules()) == 3 * depth


def test_both_networks_begin_linear() -> None:
    generator = build_generator(SMALL, DIGITS).double()
    first, second = latents(4, SMALL).double().chunk(2)
    sums = [generator(z).atanh() for z in (first, second, first + second)]
    torch.testing.assert_close(sums[0] + sums[1], sums[2])

    discriminator = build_discriminator(SMALL, DIGITS).double()
    one, other = randn(2, 3, 1, 8, 8)
    rest = discriminator(torch.zeros_like(one))
    torch.testing.assert_close(
        discriminator(one + other), discriminator(one) + discriminator(other) - rest
    )


def test_nothing_is_normalised() -> None:
    for build in (build_generator, build_discriminator):
        layers = {type(layer).__name__ for layer in build(SMALL, DIGITS).modules()}
        assert not any("Norm" in layer for layer in layers)


def test_channels_change_by_1x1_convolutions_beyond_32_pixels() -> None:
    config, sample = replace(SMALL, width=32), SampleSpec(SampleKind.IMAGE, (3, 64, 64))
    with torch.device("meta"):
        networks = [build(config, sample) for build in (build_generator, build_discriminator)]

    ends = [
        [
            (layer.in_channels, layer.out_channels)
            for layer in convolutions(network)
            if layer.kernel_size == (1, 1)
            and {layer.in_channels, layer.out_channels} == {16, 32}
            and layer not in inner_convolutions(network)
        ]
        for network in networks
    ]

    assert ends == [[(32, 16)], [(16, 32)]]


def inner_convolutions(network: nn.Module) -> set[nn.Conv2d]:
    blocks = [layer for layer in network.modules() if isinstance(layer, Residual)]
    return {conv for block in blocks for conv in convolutions(block)}
