"""Features of a network that others trained, whatever file it came from."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.jit import optimized_execution  # type: ignore[attr-defined]

from gan_models.errors import MetricError
from gan_models.features.base import check_shape
from gan_models.features.pixels import apply_pixel_rules
from gan_models.features.pretrained_rules import PretrainedRules
from gan_models.samples import SampleSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PretrainedNetwork:
    """A loaded network: ``compute`` maps a batch, prepared by ``rules``, to whatever it gives.

    ``identity`` names, besides the rules, all that moves a feature: the hash of the file above all.
    The device is no part of it.
    """

    kind: str  # the feature name that asks for it
    file: Path
    compute: Callable[[Tensor], Any]
    rules: PretrainedRules
    identity: Mapping[str, str]
    device: torch.device


class PretrainedFeatures:
    """The output of a network from a file, N x d or N x d x 1 x 1.

    Every call of the network has the same number of images, the last one filled up with black
    ones: features then do not depend on how many samples are looked at, and a network that was
    exported for one batch size works. Construction tries the network on a black image.
    """

    def __init__(self, network: PretrainedNetwork, sample: SampleSpec) -> None:
        """Try the network on samples of this shape.

        Raises:
            MetricError: naming the file, if the network does not take them, or does not give one
                vector for each.
        """
        self._network = network
        self._sample = sample
        self.name = f"{network.kind}:{network.file.name}"
        identity = {**network.identity, "rules": network.rules.to_mapping()}
        text = f"{network.kind} 1: {json.dumps(identity, sort_keys=True)}"
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.dim = self(torch.zeros(1, *sample.shape, dtype=torch.uint8)).shape[1]

    @torch.no_grad()
    def __call__(self, stored: Tensor) -> Tensor:
        """Return N x ``dim`` float32 features on the CPU.

        Raises:
            MetricError: if the samples have another shape, or the network fails.
        """
        check_shape(stored, self._sample)
        batches = stored.detach().split(self._network.rules.batch_size)
        with _reproducible(self._network.device):
            return torch.cat([self._features(batch) for batch in batches])

    def _features(self, batch: Tensor) -> Tensor:
        rules, count = self._network.rules, len(batch)
        images = batch.new_zeros(rules.batch_size, *self._sample.shape)
        images[:count] = batch
        prepared = self._prepared(images.to(self._network.device))
        try:
            output = self._network.compute(prepared)
        except Exception as error:  # a foreign program may raise anything
            raise MetricError(
                f"{self._network.file}: the network does not take {_describe(prepared)} "
                f"({gist(error)}); state what it takes in {self._network.file.name}.json"
            ) from error
        return self._vectors(output)[:count].to("cpu", torch.float32)

    def _prepared(self, images: Tensor) -> Tensor:
        try:
            return apply_pixel_rules(images, self._network.rules.pixels)
        except MetricError as error:
            raise MetricError(f"{self._network.file}: {error}") from error

    def _vectors(self, output: object) -> Tensor:
        if not isinstance(output, Tensor):
            raise MetricError(
                f"{self._network.file}: the network gave a {type(output).__name__}, "
                "one tensor of features is needed: export it with the others left out"
            )
        size = self._network.rules.batch_size
        if output.ndim not in (2, 4) or len(output) != size or output.shape[2:].numel() != 1:
            raise MetricError(
                f"{self._network.file}: the network gave {_shape(output)} for {size} images, "
                "N x d or N x d x 1 x 1 features are needed"
            )
        return output.flatten(1)


def on_fastest_device(
    load: Callable[[torch.device], PretrainedNetwork], sample: SampleSpec
) -> PretrainedFeatures:
    """Return the features of a network on the GPU, if there is one and the network runs there.

    Programs that were saved for the CPU may name it inside; they stay on it.

    Raises:
        MetricError: naming the file, if the network cannot be loaded or used.
    """
    if torch.cuda.is_available():
        try:
            return PretrainedFeatures(load(torch.device("cuda")), sample)
        except MetricError as error:
            logger.warning("no features on the GPU, trying the CPU: %s", error)
    return PretrainedFeatures(load(torch.device("cpu")), sample)


def gist(error: Exception) -> str:
    """Return the one line of an error of torch that says what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("RuntimeError: ")]
    return (causes or lines or [type(error).__name__])[0].removeprefix("RuntimeError: ")


@contextmanager
def _reproducible(device: torch.device) -> Iterator[None]:
    """Run TorchScript as it stands, and cuDNN in full float32 by deterministic algorithms.

    The optimiser of TorchScript rewrites a network after its first calls, and TF32, cuDNN's
    default, keeps three digits.
    """
    with optimized_execution(False):
        if device.type != "cuda":
            yield
            return
        with torch.backends.cudnn.flags(
            enabled=True, benchmark=False, deterministic=True, allow_tf32=False
        ):
            yield


def _describe(images: Tensor) -> str:
    return f"{_shape(images)} {str(images.dtype).removeprefix('torch.')} images"


def _shape(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape))
