import pytest
import torch
from torch import nn

from gan_models.config import GanConfig
from gan_models.networks.dcgan import MAX_SIZE
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.networks.sizes import MIN_SIZE
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.networks.contract_architecture import ArchitectureContract, latents

DIGITS = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
SMALL = GanConfig(network="dcgan", width=8, latent_dim=4)


class TestDcgan(ArchitectureContract):
    @pytest.fixture
    def config(self) -> GanConfig:
        return SMALL


def channels(network: nn.Module) -> list[tuple[int, int]]:
    return [
        (layer.in_channels, layer.out_channels)
        for layer in network.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]


def test_every_size_is_made_and_judged() -> None:
    with torch.device("meta"):  # shapes only
        for height in range(MIN_SIZE, MAX_SIZE + 1):
            width = MIN_SIZE + MAX_SIZE - height
            sample = SampleSpec(SampleKind.IMAGE, (1, height, width))
            images = build_generator(SMALL, sample)(torch.empty(2, 4))
            assert images.shape == (2, 1, height, width)
            assert build_discriminator(SMALL, sample)(images).shape == (2,)


def test_channels_halve_as_sizes_double_and_d_mirrors_g() -> None:
    config, sample = GanConfig(width=64), SampleSpec(SampleKind.IMAGE, (3, 64, 64))

    made = channels(build_generator(config, sample))
    judged = channels(build_discriminator(config, sample))

    assert made == [(64, 32), (32, 16), (16, 8), (8, 3)]
    assert judged == [(3, 8), (8, 16), (16, 32), (32, 64)]


def test_no_layer_gets_fewer_than_8_channels() -> None:
    sample = SampleSpec(SampleKind.IMAGE, (1, 64, 64))

    assert channels(build_discriminator(SMALL, sample)) == [(1, 8), (8, 8), (8, 8), (8, 8)]


@pytest.mark.parametrize(("norm", "in_generator"), [("batch", 2), ("none", 0)])
def test_batch_norm_is_an_option_of_g_alone(norm: str, in_generator: int) -> None:
    config = GanConfig(width=8, generator_norm=norm)

    counts = [
        sum(isinstance(layer, nn.BatchNorm2d) for layer in build(config, DIGITS).modules())
        for build in (build_generator, build_discriminator)
    ]

    assert counts == [in_generator, 0]


def test_only_a_layer_that_no_batch_norm_follows_has_a_bias() -> None:
    def biases(norm: str) -> list[bool]:
        network = build_generator(GanConfig(generator_norm=norm), DIGITS, seed=0)
        layers = [layer for layer in network.modules() if isinstance(layer, nn.ConvTranspose2d)]
        return [layer.bias is not None for layer in layers]

    assert biases("batch") == [False, True]
    assert biases("none") == [True, True]


def test_batch_norm_makes_the_scale_of_latents_irrelevant() -> None:
    generator = build_generator(SMALL, DIGITS)
    generator.project.bias.data.zero_()  # type: ignore[union-attr, operator]
    z = latents(64, SMALL)

    torch.testing.assert_close(generator(z), generator(1000 * z), rtol=0, atol=1e-3)
