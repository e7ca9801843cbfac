from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


@pytest.fixture
def colours() -> Pixels:
    """90 random 3 x 9 x 12 images: channels, height and width all differ."""
    return np.random.default_rng(0).integers(256, size=(90, 3, 9, 12), dtype=np.uint8)


@pytest.fixture
def greys(colours: Pixels) -> Pixels:
    """90 random 1 x 9 x 12 images."""
    return colours[:, :1]


@pytest.fixture
def encode() -> Callable[..., bytes]:
    """Encode one C x H x W image, or a Pillow image, as a file of the given format."""

    def encode(image: Pixels | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
        if not isinstance(image, Image.Image):
            image = Image.fromarray(image[0] if len(image) == 1 else np.moveaxis(image, 0, -1))
        stream = BytesIO()
        image.save(stream, kind, **options)
        return stream.getvalue()

    return encode


@pytest.fixture
def write_images(encode: Callable[..., bytes]) -> Callable[[Path, Pixels], None]:
    """Write images as 000.png, 001.png, … into a folder."""

    def write_images(folder: Path, images: Pixels) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for index, image in enumerate(images):
            (folder / f"{index:03}.png").write_bytes(encode(image))

    return write_images
