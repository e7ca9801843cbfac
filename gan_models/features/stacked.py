"""Images whose channels are pictures of their own (stacked digits): one look at each channel."""

import hashlib

import torch
from torch import Tensor

from gan_models.data.dataset import Dataset
from gan_models.data.fingerprint import content_fingerprint
from gan_models.errors import MetricError
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.samples import SampleSpec


class StackedFeatures:
    """The features of every channel, one after the other."""

    def __init__(self, single: FeatureExtractor, num_channels: int) -> None:
        self._single = single
        self._num_channels = num_channels
        self.name = f"{single.name} x{num_channels}"
        self.dim = single.dim * num_channels
        text = f"stacked 1: {num_channels} x {single.fingerprint}"
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N x (channels · d) float32 features on the CPU."""
        features = self._single(_channels_apart(stored, self._num_channels))
        return features.reshape(len(stored), self.dim)


class StackedModes:
    """The modes of all channels as one number: digits a, b, c give 100 a + 10 b + c."""

    def __init__(self, single: ModeAssigner, num_channels: int) -> None:
        self._single = single
        self._num_channels = num_channels
        self.num_modes = single.num_modes**num_channels
        self.judges_quality = single.judges_quality

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N mode indices; −1 where any channel belongs to no mode."""
        apart = self._single(_channels_apart(stored, self._num_channels))
        digits = apart.reshape(len(stored), self._num_channels)
        places = torch.arange(self._num_channels - 1, -1, -1)
        stacked = (digits * self._single.num_modes**places).sum(dim=1)
        return torch.where((digits >= 0).all(dim=1), stacked, -1)


def unstack(stacked: Dataset, num_classes: int) -> Dataset:
    """Return the distinct one-channel images of stacked ones, with the labels of their channels.

    Args:
        stacked: images with labels Σ class(channel) · num_classes^place, first channel first.
        num_classes: classes of a single channel.
    """
    assert stacked.labels is not None
    num_channels, height, width = stacked.sample.shape
    places = num_classes ** torch.arange(num_channels - 1, -1, -1)
    labels = (stacked.labels.cpu()[:, None] // places % num_classes).flatten()
    images = _channels_apart(stacked.stored.cpu(), num_channels)
    distinct, group = images.unique(dim=0, return_inverse=True)
    # Equal images have equal labels, so it does not matter which of a group is written last.
    distinct_labels = torch.zeros(len(distinct), dtype=torch.int64).scatter_(0, group, labels)
    sample = SampleSpec(stacked.sample.kind, (1, height, width))
    return Dataset(
        name=f"{stacked.name}-channel",
        sample=sample,
        stored=distinct,
        labels=distinct_labels,
        num_classes=num_classes,
        fingerprint=content_fingerprint(sample, distinct.numpy(), distinct_labels.numpy()),
    )


def _channels_apart(stored: Tensor, num_channels: int) -> Tensor:
    """Turn N x C x H x W into (N · C) x 1 x H x W."""
    if stored.ndim != 4 or stored.shape[1] != num_channels:
        raise MetricError(
            f"samples of shape {tuple(stored.shape[1:])} were given to a metric "
            f"for images of {num_channels} channels"
        )
    return stored.flatten(0, 1)[:, None]
