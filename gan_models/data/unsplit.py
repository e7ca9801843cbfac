"""Samples as a source gives them, before they are split."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gan_models.data.dataset import Dataset, Modes, Split, Splits
from gan_models.data.fingerprint import content_fingerprint
from gan_models.data.splitting import split_indices
from gan_models.samples import Classes, SampleKind, SampleSpec


@dataclass(frozen=True, kw_only=True)
class UnsplitData:
    """All samples of one source, in stored form.

    ``samples`` is N x C x H x W uint8 (images) or N x d float32 (points); ``labels`` is N class
    indices from 0 to ``num_classes`` - 1, or None. Where classes have names, these are counted.
    """

    name: str
    kind: SampleKind
    samples: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    num_classes: int | None = None
    class_names: tuple[str, ...] | None = None  # None names them by their index
    modes: Modes | None = None

    def __post_init__(self) -> None:
        if self.class_names is not None:
            object.__setattr__(self, "num_classes", len(self.class_names))

    def __len__(self) -> int:
        return len(self.samples)

    def subset(self, rows: NDArray[np.int64], *, is_stratified: bool = False) -> Dataset:
        """Return the data set of these rows, in this order."""
        samples = self.samples[rows]
        labels = None if self.labels is None else self.labels[rows]
        spec = SampleSpec(self.kind, samples.shape[1:], self._classes(labels))
        return Dataset(
            name=self.name,
            sample=spec,
            stored=torch.from_numpy(samples),
            fingerprint=content_fingerprint(spec, samples, labels),
            labels=None if labels is None else torch.from_numpy(labels),
            num_classes=self.num_classes,
            modes=self.modes,
            is_stratified=is_stratified,
        )

    def _classes(self, labels: NDArray[np.int64] | None) -> Classes | None:
        if labels is None or self.num_classes is None:
            return None
        counts = np.bincount(labels, minlength=self.num_classes)
        names = self.class_names or tuple(map(str, range(self.num_classes)))
        return Classes(names, tuple((counts / len(labels)).tolist()))

    def split(self, seed: int) -> Splits:
        """Return train, select and certify, as :func:`split_indices` deals them."""
        rows = split_indices(len(self), self.labels, seed=seed)
        parts = {
            split: self.subset(rows[split], is_stratified=self.labels is not None)
            for split in Split
        }
        return Splits(parts[Split.TRAIN], parts[Split.SELECT], parts[Split.CERTIFY])
