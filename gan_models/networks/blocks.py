"""Pieces that several architectures share."""

from torch import nn
from torch.nn.utils import parametrizations

LEAK = 0.2  # slope of leaky ReLU in D, as in DCGAN (1511.06434)


def maybe_spectral(layer: nn.Module, wanted: bool) -> nn.Module:
    """Return the layer, divided by its largest singular value if ``wanted`` (1802.05957)."""
    return parametrizations.spectral_norm(layer) if wanted else layer
