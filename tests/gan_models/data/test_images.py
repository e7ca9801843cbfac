from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gan_models.data.images import check_sides, decode_image, stack_images
from gan_models.errors import DataError

Pixels = np.ndarray


def test_colour_is_decoded_to_channels_height_width(
    colours: Pixels, encode: Callable[..., bytes]
) -> None:
    assert np.array_equal(decode_image(encode(colours[0]), "x"), colours[0])


def test_grey_has_one_channel(greys: Pixels, encode: Callable[..., bytes]) -> None:
    assert np.array_equal(decode_image(encode(greys[0]), "x"), greys[0])


def test_black_and_white_becomes_0_and_255(encode: Callable[..., bytes]) -> None:
    image = Image.new("1", (8, 8))
    image.putpixel((3, 2), 1)

    decoded = decode_image(encode(image), "x")

    assert decoded.shape == (1, 8, 8)
    assert decoded[0, 2, 3] == 255
    assert decoded.sum() == 255


def test_a_palette_is_looked_up(encode: Callable[..., bytes]) -> None:
    image = Image.new("P", (8, 8), color=1)
    image.putpalette([0, 0, 0, 10, 20, 30])

    assert decode_image(encode(image), "x")[:, 0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize(("alpha", "expected"), [(0, 255), (255, 40), (51, 212)])
def test_transparent_colour_shows_white_behind_it(
    alpha: int, expected: int, encode: Callable[..., bytes]
) -> None:
    image = Image.new("RGBA", (8, 8), (40, 40, 40, alpha))

    assert decode_image(encode(image), "x")[:, 0, 0].tolist() == [expected] * 3


def test_transparent_grey_and_palette_become_colour(encode: Callable[..., bytes]) -> None:
    grey = Image.new("LA", (8, 8), (7, 0))
    palette = Image.new("P", (8, 8))
    palette.putpalette([1, 2, 3])

    assert (decode_image(encode(grey), "x") == np.full((3, 8, 8), 255)).all()
    transparent = decode_image(encode(palette, transparency=0), "x")
    assert (transparent == np.full((3, 8, 8), 255)).all()


def test_print_colours_become_rgb(encode: Callable[..., bytes]) -> None:
    image = Image.new("CMYK", (8, 8), (0, 255, 255, 0))

    red, green, blue = decode_image(encode(image, "TIFF"), "x")[:, 0, 0]

    assert red > 200 > 60 > max(green, blue)


@pytest.mark.parametrize(("mode", "kind"), [("I;16", "PNG"), ("I", "TIFF"), ("F", "TIFF")])
def test_more_than_8_bits_are_refused(mode: str, kind: str, encode: Callable[..., bytes]) -> None:
    encoded = encode(Image.new(mode, (8, 8)), kind)

    with pytest.raises(DataError, match=r"^deep.png: pixels of mode .*convert to 8 bits"):
        decode_image(encoded, "deep.png")


def test_several_frames_are_refused(encode: Callable[..., bytes]) -> None:
    frames = [Image.new("L", (8, 8), color=level) for level in (0, 90, 200)]
    encoded = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])

    with pytest.raises(DataError, match=r"^a.gif: 3 frames; an image must have exactly one"):
        decode_image(encoded, "a.gif")


def test_no_bytes_are_refused() -> None:
    with pytest.raises(DataError, match=r"^none.png: empty$"):
        decode_image(b"", "none.png")


def test_bytes_that_are_no_image_are_refused() -> None:
    with pytest.raises(DataError, match=r"^a.png: not an image, or a broken one$"):
        decode_image(b"hello", "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF", "GIF", "WEBP"])
@pytest.mark.parametrize("kept_frac", [0.1, 0.5, 0.8])
def test_cut_off_images_are_refused(
    kind: str, kept_frac: float, colours: Pixels, encode: Callable[..., bytes]
) -> None:
    encoded = encode(colours[0], kind)

    with pytest.raises(DataError, match=r"^cut: not an image, or a broken one$"):
        decode_image(encoded[: int(kept_frac * len(encoded))], "cut")


@pytest.mark.parametrize("flipped", range(40, 60))
def test_a_flipped_byte_in_png_data_is_refused(
    flipped: int, colours: Pixels, encode: Callable[..., bytes]
) -> None:
    encoded = bytearray(encode(colours[0]))
    encoded[flipped] ^= 0xFF

    with pytest.raises(DataError, match=r"^torn"):
        decode_image(bytes(encoded), "torn")


def test_a_large_image_is_refused_before_it_is_decoded(encode: Callable[..., bytes]) -> None:
    encoded = encode(Image.new("L", (4000, 3000)))
    header_only = encoded[:60]
    assert Image.open(BytesIO(header_only)).size == (4000, 3000)

    with pytest.raises(DataError, match=r"big.png: 4000 x 3000 pixels"):
        decode_image(header_only, "big.png")


@pytest.mark.parametrize(("height", "width"), [(8, 8), (64, 64), (8, 64)])
def test_sides_of_8_to_64_are_allowed(height: int, width: int) -> None:
    check_sides(height, width, "x")


@pytest.mark.parametrize(("height", "width"), [(7, 8), (8, 7), (65, 64), (64, 65)])
def test_other_sides_are_refused_with_the_size(height: int, width: int) -> None:
    message = rf"^x: {width} x {height} pixels .*each side must have 8 to 64"
    with pytest.raises(DataError, match=message):
        check_sides(height, width, "x")


def test_stacking_keeps_the_order(colours: Pixels) -> None:
    assert np.array_equal(stack_images(list(colours), ["x"] * len(colours)), colours)


def test_the_first_image_of_another_size_is_named(colours: Pixels) -> None:
    images = [*colours[:5], colours[5, :, :8], *colours[6:]]
    places = [f"{index}.png" for index in range(90)]

    message = (
        r"^5.png: 12 x 8 pixels with 3 channels, but 89 of 90 images have "
        r"12 x 9 pixels with 3 channels; all must"
    )
    with pytest.raises(DataError, match=message):
        stack_images(images, places)


def test_the_odd_one_is_named_even_when_it_comes_first(colours: Pixels) -> None:
    images = [colours[0, :1], *colours[1:3]]

    with pytest.raises(DataError, match=r"^a: .* with 1 channel, but 2 of 3 .* with 3 channels"):
        stack_images(images, ["a", "b", "c"])
