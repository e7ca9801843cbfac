import pytest
import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.networks.registry import build_discriminator
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.former_names import trunk_and_head

IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


def in_a_row(discriminator: nn.Module) -> dict[str, Tensor]:
    """Return the weights as they were saved when D was one row of layers."""
    trunk, head = discriminator.get_submodule("trunk"), discriminator.get_submodule("head")
    assert isinstance(trunk, nn.Sequential)
    return {
        f"layers.{name}": weight
        for name, weight in nn.Sequential(*trunk, head).state_dict().items()
    }


@pytest.mark.parametrize("network", ["mlp", "dcgan"])
@pytest.mark.parametrize("spectral_norm", [False, True])
def test_a_row_of_layers_becomes_a_trunk_and_a_head(network: str, spectral_norm: bool) -> None:
    config = GanConfig(network=network, width=8, depth=2, spectral_norm=spectral_norm)
    discriminator = build_discriminator(config, IMAGE, seed=3)
    expected = discriminator.state_dict()
    found = trunk_and_head(in_a_row(discriminator), expected)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("names", [["trunk.0.weight", "head.weight"], ["layers.0.weight", "extra"]])
def test_what_is_no_row_of_layers_stays(names: list[str]) -> None:
    weights = {name: torch.zeros(1) for name in names}
    assert trunk_and_head(weights, ["trunk.0.weight", "head.weight"]) == weights


def test_a_row_of_layers_of_ones_own_stays_one() -> None:
    weights = {"layers.0.weight": torch.zeros(1), "layers.2.weight": torch.ones(1)}
    assert trunk_and_head(weights, list(weights)) == weights
