"""Pictures of samples: a grid of images, or a scatter of points."""

from math import ceil, sqrt

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_models.model_folder import Model
from gan_models.samples import SampleKind, SampleSpec

_TARGET_SIDE = 512  # pixels, about; small images are enlarged by a whole factor
_GAP = 1
_SCATTER_SIDE = 512
_NUM_IN_ROW = 16  # images of each class
_MOST_ROWS = 32  # classes in a picture


def draw_grid(
    stored: Tensor, sample: SampleSpec, *, bound: float | None = None, columns: int | None = None
) -> Image.Image:
    """Draw stored samples, images on a near-square grid and points in the plane.

    Args:
        stored: N x ``sample.shape``, N >= 1.
        sample: their kind and shape; points show their first two dimensions.
        bound: half the side of the plane that a scatter shows; by default it fits the points.
        columns: images in a row; by default as makes the grid near-square.
    """
    if sample.kind is SampleKind.POINT:
        return _scatter(stored.double().numpy(force=True), bound)
    return _image_grid(stored.numpy(force=True), columns or ceil(sqrt(len(stored))))


def draw_classes(model: Model, *, seed: int) -> Image.Image | None:
    """Draw a row of images for each class; None where there are none, or too many to be seen."""
    if model.sample.kind is not SampleKind.IMAGE or model.classes is None:
        return None
    if len(model.classes) > _MOST_ROWS:
        return None
    fakes = model.draw_each_class(_NUM_IN_ROW, seed=seed)
    return draw_grid(fakes, model.sample, columns=_NUM_IN_ROW)


def _image_grid(images: NDArray[np.uint8], columns: int) -> Image.Image:
    count, channels, height, width = images.shape
    rows = ceil(count / columns)
    canvas = np.full(
        (rows * (height + _GAP) - _GAP, columns * (width + _GAP) - _GAP, channels), 24, np.uint8
    )
    for index, image in enumerate(images):
        top, left = (index // columns) * (height + _GAP), (index % columns) * (width + _GAP)
        canvas[top : top + height, left : left + width] = image.transpose(1, 2, 0)
    picture = Image.fromarray(canvas[..., 0] if channels == 1 else canvas)
    factor = max(1, round(_TARGET_SIDE / max(canvas.shape[:2])))
    return picture.resize(
        (picture.width * factor, picture.height * factor), Image.Resampling.NEAREST
    )


def _scatter(points: NDArray[np.float64], bound: float | None) -> Image.Image:
    plane = np.full((_SCATTER_SIDE, _SCATTER_SIDE), 255, np.uint8)
    finite = points[np.isfinite(points).all(axis=1)]
    pairs = np.concatenate([finite, np.zeros_like(finite)], axis=1)[:, :2]
    limit = bound or 1.1 * float(np.abs(pairs).max(initial=1e-6))
    cells = ((pairs / limit + 1.0) / 2.0 * (_SCATTER_SIDE - 1)).round()
    inside = ((cells >= 0) & (cells < _SCATTER_SIDE)).all(axis=1)
    columns, rows = cells[inside].astype(int).T
    plane[_SCATTER_SIDE - 1 - rows, columns] = 0
    return Image.fromarray(plane)
