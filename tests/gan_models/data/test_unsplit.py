import numpy as np
import torch

from gan_models.data.dataset import Split
from gan_models.data.splitting import split_indices
from gan_models.data.unsplit import UnsplitData
from gan_models.samples import Classes, SampleKind, SampleSpec


def numbered(num_samples: int) -> UnsplitData:
    """Points whose only value is their row, labelled by parity."""
    rows = np.arange(num_samples)
    return UnsplitData(
        name="numbered",
        kind=SampleKind.POINT,
        samples=rows[:, None].astype(np.float32),
        labels=rows % 2,
        num_classes=2,
    )


def test_a_subset_holds_its_rows_in_order_with_their_labels() -> None:
    subset = numbered(10).subset(np.array([7, 2, 4]))

    assert subset.stored[:, 0].tolist() == [7, 2, 4]
    assert subset.labels is not None
    assert subset.labels.tolist() == [1, 0, 0]
    assert subset.labels.dtype == torch.int64
    assert (subset.name, subset.num_classes) == ("numbered", 2)
    assert subset.sample == SampleSpec(SampleKind.POINT, (1,))


def test_split_hands_out_the_rows_that_split_indices_deals() -> None:
    data = numbered(60)
    rows = split_indices(60, data.labels, seed=3)

    splits = data.split(seed=3)

    for split in Split:
        assert splits[split].stored[:, 0].tolist() == rows[split].tolist()


def test_each_split_has_its_own_fingerprint() -> None:
    splits = numbered(60).split(seed=0)

    assert len({splits[split].fingerprint for split in Split}) == 3


def test_without_labels_a_split_has_none() -> None:
    data = UnsplitData(
        name="bare", kind=SampleKind.POINT, samples=np.zeros((60, 2), dtype=np.float32)
    )

    assert data.split(seed=0).select.labels is None


def test_classes_with_names_are_counted_by_them() -> None:
    samples = np.zeros((2, 2), dtype=np.float32)
    data = UnsplitData(
        name="two",
        kind=SampleKind.POINT,
        samples=samples,
        labels=np.array([0, 0]),
        class_names=("cat", "dog"),
    )

    assert data.num_classes == 2
    assert data.subset(np.arange(2)).sample.classes == Classes(("cat", "dog"), (1.0, 0.0))


def test_a_subset_does_not_share_memory_with_its_source() -> None:
    data = numbered(10)
    subset = data.subset(np.arange(10))

    subset.stored.fill_(-1)

    assert data.samples[3, 0] == 3
