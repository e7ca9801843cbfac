"""A hash of what a data set holds: equal content, equal fingerprint, on every machine."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_models.samples import SampleSpec

_HEX_DIGITS = 16


def content_fingerprint(
    sample: SampleSpec, stored: NDArray[Any], labels: NDArray[Any] | None
) -> str:
    """Hash kind, shape, samples and labels (SHA-256), shortened to 16 hexadecimal digits.

    Args:
        sample: kind and shape of one sample.
        stored: N x ``sample.shape``, uint8 or float32.
        labels: N class indices, or None.
    """
    digest = hashlib.sha256(f"{sample.kind}{sample.shape}{len(stored)}{stored.dtype.name}".encode())
    digest.update(_portable(stored))
    if labels is not None:
        digest.update(b"labels")
        digest.update(_portable(labels.astype(np.int64)))
    return digest.hexdigest()[:_HEX_DIGITS]


def _portable(array: NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).data
