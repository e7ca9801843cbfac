import pytest
import torch

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.data.digits import read_digits
from gan_models.data.stacked_digits import draw_stacked_digits


@pytest.fixture(scope="module")
def stacked() -> Splits:
    return draw_stacked_digits(seed=0)


def images_of(channels: torch.Tensor) -> set[bytes]:
    return {channel.numpy().tobytes() for channel in channels.reshape(-1, 64)}


def test_sizes_shape_and_classes(stacked: Splits) -> None:
    assert [len(stacked[split]) for split in Split] == [20_000, 6_000, 6_000]
    assert stacked.sample.shape == (3, 8, 8)
    assert stacked.train.stored.dtype == torch.uint8
    assert stacked.train.num_classes == 1000


@pytest.mark.parametrize("split", Split)
def test_every_channel_is_a_digit_of_the_same_split_of_digits(
    stacked: Splits, split: Split
) -> None:
    digits = read_digits().split(seed=0)

    assert images_of(stacked[split].stored) == images_of(digits[split].stored)


def test_no_digit_crosses_over_to_another_split(stacked: Splits) -> None:
    train, select, certify = (images_of(stacked[split].stored) for split in Split)

    assert not train & select
    assert not (train | select) & certify


def digit_of_image(digits: Dataset) -> dict[bytes, int]:
    assert digits.labels is not None
    return {
        image.numpy().tobytes(): int(label)
        for image, label in zip(digits.stored, digits.labels, strict=True)
    }


def test_the_class_is_100a_10b_c_of_the_digits_in_the_channels(stacked: Splits) -> None:
    digit = digit_of_image(read_digits().split(seed=0).select)
    assert stacked.select.labels is not None

    for image, label in zip(stacked.select.stored[:200], stacked.select.labels, strict=False):
        a, b, c = (digit[channel.numpy().tobytes()] for channel in image)
        assert label == 100 * a + 10 * b + c


def test_the_train_split_shows_all_1000_modes(stacked: Splits) -> None:
    assert stacked.train.labels is not None

    assert len(stacked.train.labels.unique()) == 1000


def test_equal_seeds_give_equal_images_and_others_do_not(stacked: Splits) -> None:
    again, other = draw_stacked_digits(seed=0), draw_stacked_digits(seed=1)

    assert [again[split].fingerprint for split in Split] == [
        stacked[split].fingerprint for split in Split
    ]
    assert other.train.fingerprint != stacked.train.fingerprint
