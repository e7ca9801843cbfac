"""Orthogonal regularisation: the filters of a layer should not repeat each other."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)


def orthogonal(network: nn.Module) -> Tensor:
    """Return Σ |W Wᵀ ⊙ (1 − I)|² over the layers, rows of W being filters (1809.11096, eq. 3).

    How long a filter is stays free: the diagonal is left out. Layers with a single filter have
    nothing to repeat.
    """
    overlaps = [_overlap(weight) for weight in _filters(network) if len(weight) > 1]
    return torch.stack(overlaps).sum() if overlaps else torch.zeros(())


def _overlap(filters: Tensor) -> Tensor:
    gram = filters @ filters.T
    return (gram - gram.diagonal().diag()).square().sum()


def _filters(network: nn.Module) -> Iterator[Tensor]:
    """Give each layer's weight as outputs x all that an output sums over."""
    for layer in network.modules():
        if not isinstance(layer, _LAYERS):
            continue
        weight = _trained_weight(layer)
        is_transposed = isinstance(layer, nn.ConvTranspose1d | nn.ConvTranspose2d)
        yield (weight.transpose(0, 1) if is_transposed else weight).flatten(1)


def _trained_weight(layer: nn.Module) -> Tensor:
    """Return the parameter itself: to ask for a spectrally normed weight would move its vectors."""
    weight = layer.parametrizations.weight.original if is_parametrized(layer) else layer.weight  # type: ignore[union-attr]
    assert isinstance(weight, Tensor)
    return weight
