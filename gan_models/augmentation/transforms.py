"""What may be done to an image: each way a differentiable function of images and of random numbers.

Colour, translation and cutout have the strengths of DiffAug (2006.10738), with ADA as well; flips
and quarter turns are of ADA (2006.06676, appendix B). Images are N x C x H x W in [−1, 1], of any
size; where nothing is left of an image it is grey, 0. Random numbers are in [0, 1), one row a
sample, so that a transform is a pure function.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

_SHIFT_FRAC = 1 / 8  # of the side, to either direction
_CUTOUT_FRAC = 1 / 2  # of the side


@dataclass(frozen=True)
class Transform:
    """One way to change images.

    Attributes:
        group: the name by which a policy asks for it.
        formula: what it does to an image, for a reader.
        num_drawn: how many random numbers it needs for a sample.
        apply: maps N x C x H x W images and N x ``num_drawn`` numbers in [0, 1) to such images.
    """

    group: str
    formula: str
    num_drawn: int
    apply: Callable[[Tensor, Tensor], Tensor]


def brightness(images: Tensor, drawn: Tensor) -> Tensor:
    """Return x + b with b in [−½, ½)."""
    return images + (_per_sample(drawn[:, 0]) - 0.5)


def saturation(images: Tensor, drawn: Tensor) -> Tensor:
    """Return x̄ + s (x − x̄) with s in [0, 2) and x̄ the mean of a pixel's channels."""
    return _stretched(images, images.mean(1, keepdim=True), 2.0 * drawn[:, 0])


def contrast(images: Tensor, drawn: Tensor) -> Tensor:
    """Return x̄ + c (x − x̄) with c in [½, 3/2) and x̄ the mean of an image."""
    return _stretched(images, images.mean((1, 2, 3), keepdim=True), drawn[:, 0] + 0.5)


def flip(images: Tensor, drawn: Tensor) -> Tensor:
    """Mirror half of the images, left to right."""
    return torch.where(_per_sample(drawn[:, 0]) < 0.5, images.flip(-1), images)


def rotation(images: Tensor, drawn: Tensor) -> Tensor:
    """Turn images by 0, 90, 180 or 270 degrees; images that are not square by 0 or 180."""
    is_square = images.shape[-2] == images.shape[-1]
    turns = (0, 1, 2, 3) if is_square else (0, 2)
    chosen = _per_sample((drawn[:, 0] * len(turns)).floor())
    turned = images
    for index, quarters in enumerate(turns[1:], start=1):
        turned = torch.where(chosen == index, images.rot90(quarters, (-2, -1)), turned)
    return turned


def translation(images: Tensor, drawn: Tensor) -> Tensor:
    """Shift images by whole pixels, by up to an eighth of each side; what comes in is grey."""
    return _shifted(_shifted(images, drawn[:, 0], axis=-2), drawn[:, 1], axis=-1)


def cutout(images: Tensor, drawn: Tensor) -> Tensor:
    """Grey out a rectangle of half of each side, whose centre is anywhere in the image."""
    height, width = images.shape[-2:]
    rows = _hit(height, drawn[:, 0], images)[:, None, :, None]
    columns = _hit(width, drawn[:, 1], images)[:, None, None, :]
    return images.masked_fill(rows & columns, 0.0)


TRANSFORMS = (  # in the order in which they are applied
    Transform("colour", "x + b, b in [−½, ½)", 1, brightness),
    Transform("colour", "x̄ + s (x − x̄), s in [0, 2), x̄ of a pixel", 1, saturation),
    Transform("colour", "x̄ + c (x − x̄), c in [½, 3/2), x̄ of the image", 1, contrast),
    Transform("flip", "left to right, or not", 1, flip),
    Transform("rotation", "by 0, 90, 180 or 270 degrees", 1, rotation),
    Transform("translation", "by up to an eighth of each side", 2, translation),
    Transform("cutout", "without a rectangle of half of each side", 2, cutout),
)


def _per_sample(numbers: Tensor) -> Tensor:
    return numbers[:, None, None, None]


def _stretched(images: Tensor, centre: Tensor, factor: Tensor) -> Tensor:
    return centre + _per_sample(factor) * (images - centre)


def _shifted(images: Tensor, drawn: Tensor, *, axis: int) -> Tensor:
    """Shift along one axis; gathers each pixel at most once, so that gradients add up nowhere."""
    size = images.shape[axis]
    reach = int(size * _SHIFT_FRAC + 0.5)
    by = (drawn * (2 * reach + 1)).floor().long() - reach
    source = torch.arange(size, device=images.device) + reach - by[:, None]
    margins = (0, 0, reach, reach) if axis == -2 else (reach, reach)
    shape = (-1, 1, size, 1) if axis == -2 else (-1, 1, 1, size)
    return pad(images, margins).gather(axis, source.view(shape).expand_as(images))


def _hit(size: int, drawn: Tensor, images: Tensor) -> Tensor:
    """Return which places of one side, N x ``size``, the rectangle of each sample covers."""
    length = int(size * _CUTOUT_FRAC + 0.5)
    centre = (drawn * (size + 1 - length % 2)).floor()[:, None]
    past_start = torch.arange(size, device=images.device) - centre + length // 2
    return (past_start >= 0) & (past_start < length)
