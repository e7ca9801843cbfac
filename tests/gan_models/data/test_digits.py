import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from gan_models.data.dataset import Split
from gan_models.data.digits import read_digits
from gan_models.samples import SampleKind


def test_ink_0_to_16_becomes_0_to_255_to_the_nearest_level() -> None:
    digits = read_digits()

    assert digits.samples.shape == (1797, 1, 8, 8)
    assert digits.samples.dtype == np.uint8
    restored = digits.samples[:, 0] * (16 / 255)
    assert np.abs(restored - load_digits().images).max() <= 0.5 * 16 / 255
    assert set(digits.samples.flat) >= {0, 16, 255}


def test_labels_are_the_digits() -> None:
    digits = read_digits()

    assert digits.kind is SampleKind.IMAGE
    assert digits.num_classes == 10
    assert digits.labels is not None
    assert digits.labels.tolist() == load_digits().target.tolist()


def test_splits_have_about_1198_300_300_images_with_every_digit() -> None:
    splits = read_digits().split(seed=0)

    for split, expected in {Split.TRAIN: 1198, Split.SELECT: 299, Split.CERTIFY: 299}.items():
        part = splits[split]
        assert len(part) == pytest.approx(expected, abs=3)
        assert part.labels is not None
        counts = torch.bincount(part.labels, minlength=10)
        assert counts.max() - counts.min() <= 7  # in all of them 174 to 183 of a digit
