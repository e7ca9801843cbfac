import pytest
import torch

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.samples import SampleKind, SampleSpec


def points(value: float, *, labels: torch.Tensor | None = None) -> Dataset:
    return Dataset(
        name="points",
        sample=SampleSpec(SampleKind.POINT, (2,)),
        stored=torch.full((4, 2), value),
        fingerprint=str(value),
        labels=labels,
    )


@pytest.fixture
def splits() -> Splits:
    return Splits(points(0.0), points(1.0), points(2.0))


@pytest.mark.parametrize(
    ("split", "value"), [(Split.TRAIN, 0.0), (Split.SELECT, 1.0), (Split.CERTIFY, 2.0)]
)
def test_a_split_is_found_by_its_name(splits: Splits, split: Split, value: float) -> None:
    assert splits[split].stored[0, 0] == value
    assert splits[split] is getattr(splits, split.value)


def test_the_splits_share_one_sample_spec(splits: Splits) -> None:
    assert splits.sample.shape == (2,)


def test_the_length_is_the_number_of_samples() -> None:
    assert len(points(0.0)) == 4


def test_moving_takes_samples_and_labels_along_and_keeps_the_rest() -> None:
    moved = points(1.0, labels=torch.arange(4)).to("meta")

    assert moved.stored.device.type == "meta"
    assert moved.labels is not None
    assert moved.labels.device.type == "meta"
    assert (moved.name, moved.fingerprint) == ("points", "1.0")


def test_moving_without_labels_keeps_none() -> None:
    assert points(1.0).to("meta").labels is None
