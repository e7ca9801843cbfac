"""Untrained convolutional features, for images without labels.

A fixed random network is a fair embedding where no trained one applies (Naeem et al., 2002.09797,
use random VGG16 features). It knows nothing of the data: read its scores as relative.
"""

from torch import Tensor

from gan_models.features.network import (
    FEATURE_DIM,
    FeatureNetwork,
    apply_in_batches,
    build_seeded,
    weights_fingerprint,
)
from gan_models.samples import SampleSpec

_DEFAULT_SEED = 0
_GAIN = 2**0.5  # keeps the variance from layer to layer (He et al., 1502.01852)


class RandomConvFeatures:
    """64 features of a convolutional network whose weights are drawn from a fixed seed."""

    name = "random-conv"
    dim = FEATURE_DIM

    def __init__(self, sample: SampleSpec, *, seed: int = _DEFAULT_SEED) -> None:
        self._sample = sample
        self._network = build_seeded(lambda: FeatureNetwork(sample), seed, self.name, gain=_GAIN)
        self.fingerprint = weights_fingerprint(
            f"{self.name} {sample.shape}", self._network.state_dict()
        )

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N x 64 float32 features on the CPU."""
        return apply_in_batches(self._network, self._sample, stored)
