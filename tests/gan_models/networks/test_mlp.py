import pytest
import torch
from torch import nn

from gan_models.config import GanConfig
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.networks.contract_architecture import ArchitectureContract, latents

POINTS = SampleSpec(SampleKind.POINT, (2,))


class TestMlp(ArchitectureContract):
    @pytest.fixture
    def config(self) -> GanConfig:
        return GanConfig(network="mlp", width=8, depth=2, latent_dim=4)


@pytest.mark.parametrize("depth", [1, 4])
def test_depth_counts_hidden_layers(depth: int) -> None:
    config = GanConfig(network="mlp", width=8, depth=depth, latent_dim=4)

    sizes = {
        build: [
            (layer.in_features, layer.out_features)
            for layer in build(config, POINTS).modules()
            if isinstance(layer, nn.Linear)
        ]
        for build in (build_generator, build_discriminator)
    }

    hidden = [(8, 8)] * (depth - 1)
    assert sizes[build_generator] == [(4, 8), *hidden, (8, 2)]
    assert sizes[build_discriminator] == [(2, 8), *hidden, (8, 1)]


def test_points_may_lie_anywhere() -> None:
    config = GanConfig(network="mlp", width=8, latent_dim=4)
    generator = build_generator(config, POINTS)

    points = generator(1e4 * latents(50, config)).detach()

    assert points.shape == (50, 2)
    assert float(points.abs().max()) > 10.0


def test_points_are_judged_one_by_one() -> None:
    discriminator = build_discriminator(GanConfig(network="mlp", width=8), POINTS)
    points = torch.tensor([[0.0, 1.0], [2.0, -3.0]])

    together = discriminator(points)

    apart = torch.cat([discriminator(point[None]) for point in points])
    torch.testing.assert_close(together, apart)
