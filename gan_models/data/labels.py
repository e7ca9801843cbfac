"""Labels as given, turned into class indices."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_models.errors import DataError


def class_indices(
    labels: NDArray[Any], num_samples: int, place: str
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Number the distinct labels 0, 1, … in sorted order.

    Args:
        labels: one whole number or text for each sample.
        num_samples: how many samples there are.
        place: what to name in errors.

    Returns:
        The N class indices, and the name of each class.

    Raises:
        DataError: if labels are of another type, or not one for each sample.
    """
    if labels.shape != (num_samples,):
        raise DataError(
            f"{place}: labels of shape {labels.shape} for {num_samples} samples; "
            "give one label for each sample"
        )
    if labels.dtype.kind not in "biuUS":
        raise DataError(f"{place}: labels of type {labels.dtype}; give whole numbers or text")
    classes, indices = np.unique(labels, return_inverse=True)
    return indices.astype(np.int64), tuple(map(str, classes.tolist()))
