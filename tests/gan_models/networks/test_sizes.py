import pytest
import torch

from gan_models.config import NETWORK_NAMES, GanConfig
from gan_models.errors import ParameterError
from gan_models.networks import dcgan, r3gan, resnet, style
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.networks.sizes import channels_at, size_chain
from gan_models.samples import SampleKind, SampleSpec

LARGEST = {
    "dcgan": dcgan.MAX_SIZE,
    "resnet": resnet.MAX_SIZE,
    "r3gan": r3gan.MAX_SIZE,
    "style": style.MAX_SIZE,
}
every_network = pytest.mark.parametrize("network", LARGEST)


def small(network: str) -> GanConfig:
    return GanConfig(network=network, width=8, latent_dim=4, depth=1)


@pytest.mark.parametrize(
    ("size", "chain"),
    [
        ((8, 8), [(8, 8), (4, 4), (2, 2)]),
        ((15, 15), [(15, 15), (7, 7), (3, 3)]),
        ((16, 16), [(16, 16), (8, 8), (4, 4)]),
        ((28, 28), [(28, 28), (14, 14), (7, 7)]),
        ((24, 40), [(24, 40), (12, 20), (6, 10)]),
        ((63, 63), [(63, 63), (31, 31), (15, 15), (7, 7)]),
        ((64, 64), [(64, 64), (32, 32), (16, 16), (8, 8), (4, 4)]),
        ((8, 64), [(8, 64), (4, 32), (2, 16)]),
    ],
)
def test_sizes_are_halved_to_a_coarsest_grid(
    size: tuple[int, int], chain: list[tuple[int, int]]
) -> None:
    assert size_chain(*size) == chain


@pytest.mark.parametrize(
    ("size", "channels"),
    [
        ((4, 4), 64),
        ((32, 32), 64),
        ((64, 64), 32),
        ((128, 128), 16),
        ((256, 256), 8),
        ((8, 64), 64),
    ],
)
def test_channels_halve_at_each_doubling_beyond_32_pixels(
    size: tuple[int, int], channels: int
) -> None:
    assert channels_at(size, 64) == channels


def test_no_grid_has_fewer_than_8_channels() -> None:
    assert channels_at((4, 4), 4) == channels_at((256, 256), 32) == 8


def test_only_an_mlp_asks_nothing_of_sizes() -> None:
    assert {*LARGEST, "mlp"} == set(NETWORK_NAMES)


@every_network
def test_even_odd_and_oblong_sizes_are_made_and_judged(network: str) -> None:
    largest = LARGEST[network]
    with torch.device("meta"):  # shapes only
        for height, width in ((8, 9), (15, 31), (17, largest - 1), (largest, 8), (largest, 63)):
            sample = SampleSpec(SampleKind.IMAGE, (1, height, width))
            images = build_generator(small(network), sample)(torch.empty(2, 4))
            assert images.shape == (2, 1, height, width)
            assert build_discriminator(small(network), sample)(images).shape == (2,)


@every_network
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_a_size_out_of_range_is_refused(build: type, network: str) -> None:
    largest = LARGEST[network]
    for height, width in ((7, 8), (8, 7), (largest + 1, 8), (8, largest + 1)):
        words = (
            f"network = '{network}' takes images of 8 to {largest} pixels a side, "
            f"not {height} x {width}"
        )
        with pytest.raises(ParameterError, match=words):
            build(small(network), SampleSpec(SampleKind.IMAGE, (1, height, width)))


@every_network
@pytest.mark.parametrize("build", [build_generator, build_discriminator])
def test_points_are_refused_with_the_network_that_takes_them(build: type, network: str) -> None:
    with pytest.raises(ParameterError, match=f"'{network}' needs images, not points: take 'mlp'"):
        build(small(network), SampleSpec(SampleKind.POINT, (2,)))
