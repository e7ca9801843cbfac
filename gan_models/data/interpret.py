"""What an array of numbers means: images or points, in which layout and range."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gan_models.data.images import check_sides
from gan_models.errors import DataError
from gan_models.samples import SampleKind

MAX_POINT_DIMENSIONS = 4096  # wide enough for ready-made features, which are scored as points
_ALLOWED = (
    "allowed: images (uint8 or float; N x C x H x W, N x H x W x C or N x H x W; 1 or 3 channels) "
    f"and points (float; N x d, d up to {MAX_POINT_DIMENSIONS})"
)
_CHANNELS = (1, 3)


def interpret_array(array: NDArray[Any], place: str) -> tuple[SampleKind, NDArray[Any]]:
    """Bring samples into stored form.

    Rank 2 means points. Float images must lie in [0, 1], spread over 0…255, or else in [−1, 1],
    where −1 becomes 0 and 1 becomes 255; both are rounded to the nearest level.

    Args:
        array: samples along the first axis.
        place: what to name in errors.

    Returns:
        The kind, and N x C x H x W uint8 images or N x d float32 points.

    Raises:
        DataError: if type, shape or range is none of these, or a value is not finite.
    """
    if 0 in array.shape[:1]:
        raise DataError(f"{place}: empty; {_ALLOWED}")
    if array.ndim == 2 and array.dtype.kind == "f":
        return SampleKind.POINT, _points(array, place)
    if array.ndim in (3, 4) and (array.dtype.kind == "f" or array.dtype == np.uint8):
        images = _channels_first(array, place)
        check_sides(images.shape[2], images.shape[3], place)
        return SampleKind.IMAGE, np.ascontiguousarray(_eight_bit(images, place))
    raise DataError(f"{place}: {array.dtype} array of shape {array.shape}; {_ALLOWED}")


def _points(array: NDArray[Any], place: str) -> NDArray[np.float32]:
    dimensions = array.shape[1]
    if not 1 <= dimensions <= MAX_POINT_DIMENSIONS:
        raise DataError(f"{place}: points of {dimensions} dimensions; {_ALLOWED}")
    with np.errstate(over="ignore"):
        points = array.astype(np.float32)
    _check_finite(points, place)
    return points


def _channels_first(array: NDArray[Any], place: str) -> NDArray[Any]:
    if array.ndim == 3:
        return array[:, None]
    if array.shape[1] in _CHANNELS:
        return array
    if array.shape[3] in _CHANNELS:
        return np.moveaxis(array, -1, 1)
    raise DataError(f"{place}: images of shape {array.shape[1:]} have no axis of 1 or 3 channels")


def _eight_bit(images: NDArray[Any], place: str) -> NDArray[np.uint8]:
    if images.dtype == np.uint8:
        return images
    _check_finite(images, place)
    low, high = float(images.min()), float(images.max())
    if low < -1 or high > 1:
        raise DataError(
            f"{place}: float images with values from {low:g} to {high:g}; "
            "allowed: 0 to 1, or -1 to 1, or uint8 0 to 255"
        )
    from_zero = images.astype(np.float64) if low >= 0 else (images.astype(np.float64) + 1) / 2
    return np.rint(from_zero * 255).astype(np.uint8)


def _check_finite(array: NDArray[Any], place: str) -> None:
    finite = np.isfinite(array).reshape(len(array), -1).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise DataError(f"{place}: row {row} holds NaN or infinity (or a number beyond float32)")
