"""Handwritten digits: 1,797 real 8 x 8 images in ten classes, shipped within scikit-learn."""

import numpy as np

from gan_models.data.unsplit import UnsplitData
from gan_models.samples import SampleKind

_INK_LEVELS = 16  # the set counts the ink of 4 x 4 pixel blocks: 0…16
NUM_DIGITS = 10


def read_digits() -> UnsplitData:
    """Return all digits as 1 x 8 x 8 uint8 images (ink 0…16 spread over 0…255), with labels.

    Source: UCI "Optical Recognition of Handwritten Digits", test part.
    """
    from sklearn.datasets import load_digits  # takes a second to import, and only digits need it

    bunch = load_digits()
    pixels = np.rint(bunch.images * (255 / _INK_LEVELS)).astype(np.uint8)
    return UnsplitData(
        name="digits",
        kind=SampleKind.IMAGE,
        samples=pixels[:, None],
        labels=bunch.target.astype(np.int64),
        num_classes=NUM_DIGITS,
    )
