"""Data sets made on the spot."""

from collections.abc import Callable

from torch import Tensor

from gan_models.data.dataset import Dataset, Splits
from gan_models.samples import SampleKind, SampleSpec

MakeImages = Callable[..., Dataset]


def make_dataset(name: str, kind: SampleKind, stored: Tensor, **extra: object) -> Dataset:
    sample = SampleSpec(kind, tuple(stored.shape[1:]))
    fingerprint = f"{name}-{len(stored)}-{stored.double().sum():.6f}"
    return Dataset(name, sample, stored, fingerprint, **extra)  # type: ignore[arg-type]


def alike(dataset: Dataset) -> Splits:
    """Return splits that differ in nothing: for code that only looks at the train split."""
    return Splits(dataset, dataset, dataset)
