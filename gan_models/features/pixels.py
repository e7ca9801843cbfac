"""What is done to stored images before a network from a file sees them: channels, size, range.

Features move with every one of these rules, so each is stated, and part of the fingerprint of the
extractor that goes by it (Parmar et al., 2104.11222, measure what silent differences do to FID).
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gan_models.errors import MetricError

RESAMPLINGS = ("bilinear", "bicubic")

_HIGHEST_LEVEL = 255.0
_IMAGENET_MEAN = (0.485, 0.456, 0.406)
_IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class PixelRules:
    """How 8-bit images become a network's input, in the order of the fields."""

    channels: int = 3  # 1 or 3; grey is repeated to 3, colour is never turned grey
    resize: int | None = None  # side in pixels of the square that images are resized to
    resample: str = "bilinear"  # of RESAMPLINGS
    antialias: bool = True  # low-pass before shrinking, as PIL does and plain interpolation not
    quantise: bool = False  # round resized values back to whole levels of 0…255
    range: str = "uint8"  # of RANGES


def apply_pixel_rules(images: Tensor, rules: PixelRules) -> Tensor:
    """Turn N x C x H x W uint8 images into what a network takes.

    Returns:
        N x ``rules.channels`` x side x side: uint8 where the range is ``uint8``, else float32.

    Raises:
        MetricError: if images of C channels cannot be given as ``rules.channels`` ones.
    """
    levels = match_channels(images, rules.channels)
    if rules.resize is not None:
        levels = resize_square(
            levels, rules.resize, resample=rules.resample, antialias=rules.antialias
        )
    if rules.quantise:
        levels = quantise(levels)
    return _TO_RANGE[rules.range](levels)


def match_channels(images: Tensor, channels: int) -> Tensor:
    """Return images of ``channels`` channels; a single one is repeated.

    Raises:
        MetricError: if the images have more than one channel, and not as many.
    """
    found = images.shape[1]
    if found == channels:
        return images
    if found != 1:
        raise MetricError(
            f"images of {found} channels cannot be given to a network for {channels}: "
            "only grey ones are repeated"
        )
    return images.expand(-1, channels, -1, -1)


def resize_square(images: Tensor, side_px: int, *, resample: str, antialias: bool) -> Tensor:
    """Return N x C x side x side float32 levels, not rounded, kept within 0…255.

    Corners are not aligned: pixels are areas, and output pixel i looks at (i + ½) · scale − ½.
    With ``antialias`` the filter widens with the scale, as in PIL (whose bicubic has a = −½);
    without, it spans neighbouring pixels only, also when shrinking (and bicubic has a = −¾).
    Images that have the size already are left as they are.
    """
    levels = images.float()
    if levels.shape[2:] == (side_px, side_px):
        return levels
    resized = functional.interpolate(
        levels, (side_px, side_px), mode=resample, align_corners=False, antialias=antialias
    )
    return resized.clamp(0, _HIGHEST_LEVEL)  # bicubic overshoots at edges


def quantise(levels: Tensor) -> Tensor:
    """Round levels of 0…255 to uint8, halves to the even one."""
    return levels if levels.dtype is torch.uint8 else levels.round().to(torch.uint8)


def _to_unit(levels: Tensor) -> Tensor:
    return levels.float() / _HIGHEST_LEVEL


def _to_signed(levels: Tensor) -> Tensor:
    return levels.float() / (_HIGHEST_LEVEL / 2) - 1


def _to_imagenet(levels: Tensor) -> Tensor:
    mean = torch.tensor(_IMAGENET_MEAN, device=levels.device).reshape(3, 1, 1)
    std = torch.tensor(_IMAGENET_STD, device=levels.device).reshape(3, 1, 1)
    return (_to_unit(levels) - mean) / std


_TO_RANGE: dict[str, Callable[[Tensor], Tensor]] = {
    "uint8": quantise,
    "unit": _to_unit,
    "signed": _to_signed,
    "imagenet": _to_imagenet,
}

RANGES = tuple(_TO_RANGE)  # whole levels 0…255, [0, 1], [−1, 1], ImageNet's mean 0 and std 1
