"""A data set in memory, and its three disjoint splits."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import torch
from torch import Tensor

from gan_models.samples import SampleSpec


class Split(StrEnum):
    """What a real sample may be used for; no sample serves two purposes."""

    TRAIN = "train"  # the networks, and the feature network, see these
    SELECT = "select"  # trials are scored, stopped and ranked on these
    CERTIFY = "certify"  # touched once, for the number that is reported


@dataclass(frozen=True)
class Modes:
    """Known modes of a synthetic distribution: ``centres`` (K x d, float32) and their spread."""

    centres: Tensor
    standard_deviation: float


@dataclass(frozen=True)
class Dataset:
    """Samples in stored form.

    ``stored`` is N x ``sample.shape``: uint8 for images, float32 for points. ``labels`` is int64
    of length N, or None. ``fingerprint`` is a hash of the content.
    """

    name: str
    sample: SampleSpec
    stored: Tensor
    fingerprint: str
    labels: Tensor | None = None
    num_classes: int | None = None
    modes: Modes | None = None
    is_stratified: bool = False  # whether each class has a fixed share of the samples

    def __len__(self) -> int:
        return self.stored.shape[0]

    def to(self, device: torch.device | str) -> Self:
        """Return the same data with samples and labels on ``device``."""
        labels = None if self.labels is None else self.labels.to(device)
        return replace(self, stored=self.stored.to(device), labels=labels)


@dataclass(frozen=True)
class Splits:
    """The three disjoint parts of one data set."""

    train: Dataset
    select: Dataset
    certify: Dataset

    def __getitem__(self, split: Split) -> Dataset:
        return {Split.TRAIN: self.train, Split.SELECT: self.select, Split.CERTIFY: self.certify}[
            split
        ]

    @property
    def sample(self) -> SampleSpec:
        """Kind and shape of one sample."""
        return self.train.sample
