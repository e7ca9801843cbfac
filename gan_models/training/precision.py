"""In which precision networks compute; their weights, gradients and Adam stay float32."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from gan_models.config import GanConfig


def in_precision(network: nn.Module, config: GanConfig) -> Callable[..., Tensor]:
    """Return the network as the configuration lets it compute; its output stays float32.

    bfloat16 has the range of float32, so no loss needs to be scaled (1905.12322).
    """
    return network if config.precision == "float32" else partial(_in_bfloat16, network)


def _in_bfloat16(network: nn.Module, *inputs: Tensor) -> Tensor:
    with torch.autocast(inputs[0].device.type, dtype=torch.bfloat16):
        output: Tensor = network(*inputs)
    return output.float()
