"""The sizes and widths through which convolutional networks go between latents and images."""

from math import log2

from gan_models.errors import ParameterError
from gan_models.samples import SampleKind, SampleSpec

Size = tuple[int, int]  # height, width

MIN_SIZE = 8  # pixels a side: below, nothing is left to halve twice
MIN_CHANNELS = 8
_COARSEST = 4  # pixels per side at the bottom, as in 1511.06434; 2 or 3 for images below 16
_FULL_WIDTH_UP_TO = 32  # pixels a side


def size_chain(height: int, width: int) -> list[Size]:
    """Return the sizes from the image down to the coarsest grid: [(28, 28), (14, 14), (7, 7)]."""
    num_halvings = max(2, int(log2(min(height, width) / _COARSEST)))
    return [(height >> level, width >> level) for level in range(num_halvings + 1)]


def image_sizes(sample: SampleSpec, network: str, *, largest: int) -> list[Size]:
    """Return the size chain of an image that ``network`` can make.

    Raises:
        ParameterError: if the sample is no image of ``MIN_SIZE`` to ``largest`` pixels a side.
    """
    if sample.kind is not SampleKind.IMAGE:
        raise ParameterError(f"network = '{network}' needs images, not {sample.kind}s: take 'mlp'")
    height, width = sample.shape[1:]
    if not all(MIN_SIZE <= side <= largest for side in (height, width)):
        raise ParameterError(
            f"network = '{network}' takes images of {MIN_SIZE} to {largest} pixels a side, "
            f"not {height} x {width}"
        )
    return size_chain(height, width)


def channels_at(size: Size, width: int) -> int:
    """Return ``width`` channels for grids of up to 32 pixels a side, then half at each doubling.

    So SNGAN (1802.05957, table 3) and StyleGAN2 (1912.04958) keep the cost of fine grids in bounds;
    no grid has fewer than ``MIN_CHANNELS``.
    """
    return max(MIN_CHANNELS, width * _FULL_WIDTH_UP_TO // max(_FULL_WIDTH_UP_TO, min(size)))
