"""The split into train, select and certify: which row serves which purpose."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_models.data.dataset import Split
from gan_models.seeds import derive_seed

MIN_SAMPLES_PER_SPLIT = 12

# Dealt in turn to samples sorted by label: any run of n samples, so any class too, gives
# 2n/3, n/6 and n/6 of itself, each within one sample. Small sets need the most for training: see
# docs/decisions/0003-three-splits.md.
_DEAL = (Split.TRAIN, Split.TRAIN, Split.SELECT, Split.TRAIN, Split.TRAIN, Split.CERTIFY)
MIN_SAMPLES = len(_DEAL) * MIN_SAMPLES_PER_SPLIT


def split_indices(
    num_samples: int, labels: NDArray[Any] | None = None, *, seed: int
) -> dict[Split, NDArray[np.int64]]:
    """Deal rows to the three splits: two thirds train, a sixth select, a sixth certify.

    Depends on the seed, the number of rows and their labels, never on the samples. The splits
    are disjoint, cover every row, and each class is divided 4:1:1 within one sample. Rows come
    shuffled, so the first n of a split are a fair draw from it.

    Args:
        num_samples: how many rows there are.
        labels: class of each row; None counts all rows as one class.
        seed: the same seed gives the same split on every machine.

    Returns:
        The row indices of each split.
    """
    classes = np.zeros(num_samples, dtype=np.int64) if labels is None else labels
    # numpy may change its shuffles between versions, but never the raw words of a bit generator:
    # an upgrade must not move certify samples of an old run into the train split of its resume.
    keys = np.random.PCG64(derive_seed(seed, "sixths")).random_raw(num_samples)
    turn = np.empty(num_samples, dtype=np.int64)
    turn[np.lexsort((keys, classes))] = np.arange(num_samples) % len(_DEAL)
    shuffled = np.argsort(keys, kind="stable")
    return {split: shuffled[np.isin(turn[shuffled], _turns_of(split))] for split in Split}


def _turns_of(split: Split) -> list[int]:
    return [turn for turn, dealt in enumerate(_DEAL) if dealt is split]
