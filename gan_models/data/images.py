"""Rules for images, whatever they were read from: 8 bits, 1 or 3 channels, sides of 8 to 64."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gan_models.errors import DataError

MIN_SIDE_PX = 8
MAX_SIDE_PX = 64

_EIGHT_BIT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr")


def check_sides(height: int, width: int, place: str) -> None:
    """Refuse images that the networks cannot take.

    Raises:
        DataError: naming ``place`` and the size, if a side is not 8 to 64 pixels long.
    """
    if min(height, width) < MIN_SIDE_PX or max(height, width) > MAX_SIDE_PX:
        raise DataError(
            f"{place}: {width} x {height} pixels (width x height); "
            f"each side must have {MIN_SIDE_PX} to {MAX_SIDE_PX}, resize the images first"
        )


def decode_image(encoded: bytes, place: str) -> NDArray[np.uint8]:
    """Decode one image file to C x H x W.

    Grey and black-and-white images have 1 channel; colour, palette and transparent images have 3.
    Transparent pixels show white behind them.

    Raises:
        DataError: naming ``place``, if this is no whole single image of 8 bits per channel with
            sides of 8 to 64 pixels.
    """
    if not encoded:
        raise DataError(f"{place}: empty")
    with _broken_image_named(place), Image.open(BytesIO(encoded)) as image:
        # All of this is in the header, so nothing oversized is ever decoded.
        check_sides(image.height, image.width, place)
        _check_pixels(image, place)
        pixels = np.asarray(_to_grey_or_rgb(image))
    return pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, -1, 0)


def stack_images(images: Sequence[NDArray[np.uint8]], places: Sequence[str]) -> NDArray[np.uint8]:
    """Stack C x H x W images to N x C x H x W.

    Raises:
        DataError: naming the first of ``places`` whose image differs in size or channels from
            most of the others.
    """
    shapes = Counter(image.shape for image in images)
    usual, count = shapes.most_common(1)[0]
    for image, place in zip(images, places, strict=True):
        if image.shape != usual:
            raise DataError(
                f"{place}: {_describe(image.shape)}, but {count} of {len(images)} images have "
                f"{_describe(usual)}; all must have one size and one number of channels"
            )
    return np.stack(images)


@contextmanager
def _broken_image_named(place: str) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # decoders raise almost anything on torn files
        raise DataError(f"{place}: not an image, or a broken one") from error


def _check_pixels(image: Image.Image, place: str) -> None:
    num_frames = getattr(image, "n_frames", 1)
    if num_frames != 1:
        raise DataError(f"{place}: {num_frames} frames; an image must have exactly one")
    if image.mode not in _EIGHT_BIT_MODES:
        raise DataError(
            f"{place}: pixels of mode '{image.mode}' (16-bit, 32-bit or float); "
            f"convert to 8 bits per channel, allowed: {', '.join(_EIGHT_BIT_MODES)}"
        )


def _to_grey_or_rgb(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _describe(shape: tuple[int, ...]) -> str:
    channels, height, width = shape
    return f"{width} x {height} pixels with {channels} channel{'s' if channels > 1 else ''}"
