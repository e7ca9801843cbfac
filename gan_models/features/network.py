"""The small convolutional network behind trained and random image features."""

import hashlib
from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from gan_models.features.base import check_shape
from gan_models.samples import SampleSpec
from gan_models.seeds import torch_generator

Network = TypeVar("Network", bound=nn.Module)

NETWORK_VERSION = 1  # to be raised when code moves a feature with the weights as they are
FEATURE_DIM = 64
LEAK = 0.2  # slope of leaky ReLUs

_TOP_SIDE_PX = 4
_TOP_CHANNELS = 64
_MIN_CHANNELS = 16
_BATCH_SIZE = 256  # activations of a batch fit into the processor's cache


class FeatureNetwork(nn.Module):
    """C x H x W images in [−1, 1] to 64 values: halved to about 4 x 4 pixels, then linear.

    The output is linear, not rectified, which keeps features closer to the Gaussians that the
    Fréchet distance compares.
    """

    def __init__(self, sample: SampleSpec) -> None:
        super().__init__()
        channels, *sides = sample.shape
        num_halvings = max(0, (min(sides) // _TOP_SIDE_PX).bit_length() - 1)
        layers: list[nn.Module] = []
        for stage in range(num_halvings + 1):
            width = max(_MIN_CHANNELS, _TOP_CHANNELS >> (num_halvings - stage))
            stride = 2 if stage else 1
            layers += [nn.Conv2d(channels, width, 3, stride, padding=1), nn.LeakyReLU(LEAK)]
            channels = width
        self.convolutions = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(_TOP_SIDE_PX))
        self.project = nn.Linear(channels * _TOP_SIDE_PX**2, FEATURE_DIM)

    def forward(self, images: Tensor) -> Tensor:
        """Return N x 64 features."""
        features: Tensor = self.project(self.convolutions(images).flatten(1))
        return features


def build_seeded(build: Callable[[], Network], *seed_parts: int | str, gain: float) -> Network:
    """Build a network whose weights depend on the seed alone.

    Weights are normal with standard deviation ``gain / √fan_in``, biases zero. Construction on
    the meta device leaves torch's global random state as it was.
    """
    with torch.device("meta"):
        network = build()
    network.to_empty(device="cpu")
    generator = torch_generator("cpu", *seed_parts)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            nn.init.zeros_(parameter)
        else:
            fan_in = parameter[0].numel()
            nn.init.normal_(parameter, std=gain * fan_in**-0.5, generator=generator)
    return network


@torch.no_grad()
def apply_in_batches(
    function: Callable[[Tensor], Tensor], sample: SampleSpec, stored: Tensor
) -> Tensor:
    """Apply a network to stored samples on the CPU, a batch at a time.

    Raises:
        MetricError: if the samples have another shape.
    """
    check_shape(stored, sample)
    batches = stored.detach().cpu().split(_BATCH_SIZE)
    return torch.cat([function(sample.encode(batch)) for batch in batches])


def weights_fingerprint(recipe: str, weights: Mapping[str, Tensor]) -> str:
    """Hash what a network computes: the name of its recipe, and every weight's name and bits."""
    digest = hashlib.sha256(f"{recipe} network {NETWORK_VERSION} leak {LEAK}".encode())
    for name in sorted(weights):
        values = weights[name].detach().cpu().contiguous()
        digest.update(f"{name}{tuple(values.shape)}{values.dtype}".encode())
        digest.update(values.numpy().tobytes())
    return digest.hexdigest()[:16]
