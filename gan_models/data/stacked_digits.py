"""Three random digits as the channels of one image: 1,000 modes, each of them known.

The small, offline kin of Stacked MNIST (Metz et al., 1611.02163; Srivastava et al., 1705.07761).
"""

import numpy as np

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.data.digits import NUM_DIGITS, read_digits
from gan_models.data.splitting import split_indices
from gan_models.data.unsplit import UnsplitData
from gan_models.samples import SampleKind
from gan_models.seeds import derive_seed

_CHANNELS = 3
_PLACE_VALUES = np.array([100, 10, 1])  # class of digits (a, b, c): 100 a + 10 b + c
_NUM_IMAGES = {Split.TRAIN: 20_000, Split.SELECT: 6_000, Split.CERTIFY: 6_000}


def draw_stacked_digits(seed: int) -> Splits:
    """Split the digits first, then stack triples within each split: no digit crosses over.

    Returns:
        20,000 / 6,000 / 6,000 images of 3 x 8 x 8 uint8, labelled 0…999.
    """
    digits = read_digits()
    rows = split_indices(len(digits), digits.labels, seed=seed)
    stacked = {
        split: stack_digits(
            digits.subset(rows[split]), num_images, derive_seed(seed, "stack", split)
        )
        for split, num_images in _NUM_IMAGES.items()
    }
    return Splits(stacked[Split.TRAIN], stacked[Split.SELECT], stacked[Split.CERTIFY])


def stack_digits(digits: Dataset, num_images: int, seed: int) -> Dataset:
    """Stack as many random triples of labelled digits; (a, b, c) are of class 100 a + 10 b + c."""
    assert digits.labels is not None
    triples = np.random.default_rng(seed).integers(len(digits), size=(num_images, _CHANNELS))
    stacked = UnsplitData(
        name="stacked-digits",
        kind=SampleKind.IMAGE,
        samples=digits.stored.numpy()[triples, 0],
        labels=digits.labels.numpy()[triples] @ _PLACE_VALUES,
        num_classes=NUM_DIGITS**_CHANNELS,
    )
    return stacked.subset(np.arange(num_images))
