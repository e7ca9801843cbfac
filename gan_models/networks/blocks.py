"""Pieces that several architectures share."""

from torch import nn
from torch.nn.utils import parametrizations

LEAK = 0.2  # slope of leaky ReLU in D, as in DCGAN (1511.06434)


def maybe_spectral(layer: nn.Module, wanted: bool) -> nn.Module:
    """Return the layer, divided by its largest singular value if ``wanted`` (1802.05957)."""
    return parametrizations.spectral_norm(layer) if wanted else layer


def init_dcgan(network: nn.Module) -> None:
    """Draw convolution and linear weights from N(0, 0.02²), biases zero (1511.06434, section 3)."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
