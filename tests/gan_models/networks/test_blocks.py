import torch
from torch import nn

from gan_models.networks.blocks import maybe_spectral


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
