import torch
from torch import nn

from gan_models.config import GanConfig
from gan_models.networks.blocks import Residual, generator_norm, maybe_spectral
from gan_models.samples import SampleKind, SampleSpec


def test_a_layer_that_is_not_to_be_normalised_stays_as_it_is() -> None:
    layer = nn.Linear(4, 3)

    assert maybe_spectral(layer, wanted=False) is layer
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_a_normalised_layer_is_divided_by_its_largest_singular_value() -> None:
    layer = nn.Linear(6, 5)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(5, 6, generator=torch.Generator().manual_seed(0)))
    largest = torch.linalg.svdvals(layer.weight.detach())[0]
    expected = layer.weight.detach().clone() / largest

    normalised = maybe_spectral(layer, wanted=True)
    for _ in range(200):
        normalised(torch.zeros(1, 6))

    torch.testing.assert_close(layer.weight.detach(), expected)


def test_a_residual_block_is_the_scaled_sum_of_both_ways() -> None:
    branch, shortcut = nn.Linear(4, 3), nn.Linear(4, 3)
    given = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))

    total = branch(given) + shortcut(given)

    assert torch.equal(Residual(branch, shortcut)(given), total)
    assert torch.equal(Residual(branch, shortcut, scale=0.25)(given), 0.25 * total)


def test_a_generator_is_normalised_by_its_batch_or_not_at_all() -> None:
    sample = SampleSpec(SampleKind.IMAGE, (1, 8, 8))

    (norm,) = generator_norm(6, GanConfig(generator_norm="batch"), sample)

    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.num_features == 6
    assert generator_norm(6, GanConfig(generator_norm="none"), sample) == []
