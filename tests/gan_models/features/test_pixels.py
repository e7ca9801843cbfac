import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.features.pixels import (
    RANGES,
    PixelRules,
    apply_pixel_rules,
    match_channels,
    quantise,
    resize_square,
)

PIL_TOLERANCE = 2e-3  # levels of 0…255: PIL sums in float64, torch in float32


def random_images(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(256, shape, dtype=torch.uint8, generator=generator)


def resized_by_pil(image: Tensor, side_px: int, resample: Image.Resampling) -> Tensor:
    floats = Image.fromarray(image.numpy().astype(np.float32))
    return torch.from_numpy(np.array(floats.resize((side_px, side_px), resample)))


@pytest.mark.parametrize("side_px", [5, 9, 16, 23, 40])
@pytest.mark.parametrize(
    ("name", "resample"),
    [("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)],
)
def test_antialiased_resizing_is_that_of_pil(
    name: str, resample: Image.Resampling, side_px: int
) -> None:
    images = random_images(2, 1, 16, 21)
    resized = resize_square(images, side_px, resample=name, antialias=True)
    for image, found in zip(images[:, 0], resized[:, 0], strict=True):
        expected = resized_by_pil(image, side_px, resample).clamp(0, 255)
        torch.testing.assert_close(found, expected, rtol=0, atol=PIL_TOLERANCE)


def test_pil_overshoots_where_levels_are_kept_within_their_range() -> None:
    edge = torch.tensor([0, 0, 0, 255, 255, 255], dtype=torch.uint8).expand(1, 1, 6, 6)
    by_pil = resized_by_pil(edge[0, 0], 12, Image.Resampling.BICUBIC)
    resized = resize_square(edge, 12, resample="bicubic", antialias=True)
    assert by_pil.min() < -5
    assert by_pil.max() > 260
    assert resized.min() == 0
    assert resized.max() == 255


@pytest.mark.parametrize("antialias", [True, False])
def test_enlarging_two_pixels_to_four_gives_the_values_by_hand(antialias: bool) -> None:
    # Output pixel i looks at i/2 − 1/4: −1/4 (held at 0), 1/4, 3/4, 5/4 (held at 1).
    image = torch.tensor([[[[0, 100], [40, 140]]]], dtype=torch.uint8)
    resized = resize_square(image, 4, resample="bilinear", antialias=antialias)
    expected = [[0, 25, 75, 100], [10, 35, 85, 110], [30, 55, 105, 130], [40, 65, 115, 140]]
    torch.testing.assert_close(resized, torch.tensor(expected).float()[None, None])


def test_shrinking_without_antialias_skips_pixels_and_with_it_weighs_them() -> None:
    # A third of the side: output pixel 0 looks at pixel 1. The widened triangle around it weighs
    # pixels 0 to 3 by 2/3, 1, 2/3, 1/3, which sum to 8/3, so pixel 1 counts 3/8.
    image = torch.tensor([0, 80, 0, 0, 0, 0], dtype=torch.uint8).expand(1, 1, 6, 6)
    plain = resize_square(image, 2, resample="bilinear", antialias=False)
    filtered = resize_square(image, 2, resample="bilinear", antialias=True)
    torch.testing.assert_close(plain[0, 0, 0], torch.tensor([80.0, 0.0]))
    torch.testing.assert_close(filtered[0, 0, 0, 0], torch.tensor(30.0))


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("resample", ["bilinear", "bicubic"])
@pytest.mark.parametrize("side_px", [3, 8, 13])
def test_a_constant_image_stays_constant(resample: str, side_px: int, antialias: bool) -> None:
    image = torch.full((1, 3, 8, 8), 77, dtype=torch.uint8)
    resized = resize_square(image, side_px, resample=resample, antialias=antialias)
    assert resized.shape == (1, 3, side_px, side_px)
    torch.testing.assert_close(resized, torch.full_like(resized, 77), rtol=0, atol=1e-4)


def test_images_of_the_size_already_are_left_as_they_are() -> None:
    images = random_images(2, 3, 8, 8)
    resized = resize_square(images, 8, resample="bicubic", antialias=True)
    assert torch.equal(resized, images.float())


def test_levels_are_rounded_to_the_nearest_and_halves_to_even() -> None:
    levels = torch.tensor([0.4, 0.5, 0.6, 1.5, 2.5, 254.6])
    assert quantise(levels).tolist() == [0, 0, 1, 2, 2, 255]


def test_grey_is_repeated_and_colour_kept() -> None:
    grey, colour = random_images(2, 1, 4, 4), random_images(2, 3, 4, 4)
    repeated = match_channels(grey, 3)
    assert all(torch.equal(repeated[:, [channel]], grey) for channel in range(3))
    assert match_channels(colour, 3) is colour
    assert match_channels(grey, 1) is grey


def test_colour_is_not_turned_grey() -> None:
    with pytest.raises(
        MetricError, match="images of 3 channels cannot be .* a network for 1: only"
    ):
        match_channels(random_images(1, 3, 4, 4), 1)


@pytest.mark.parametrize(
    ("name", "black", "white"),
    [
        ("uint8", [0, 0, 0], [255, 255, 255]),
        ("unit", [0, 0, 0], [1, 1, 1]),
        ("signed", [-1, -1, -1], [1, 1, 1]),
        # (0 − mean) / std and (1 − mean) / std with 0.485, 0.456, 0.406 and 0.229, 0.224, 0.225
        ("imagenet", [-2.117904, -2.035714, -1.804444], [2.248908, 2.428571, 2.64]),
    ],
)
def test_black_and_white_in_each_range(name: str, black: list[float], white: list[float]) -> None:
    pair = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1)
    seen = apply_pixel_rules(pair, PixelRules(range=name)).flatten(1)
    assert seen.dtype is (torch.uint8 if name == "uint8" else torch.float32)
    torch.testing.assert_close(seen.float(), torch.tensor([black, white]).float())


@pytest.mark.parametrize("name", RANGES)
def test_resized_values_are_rounded_where_the_rules_say_so(name: str) -> None:
    image = torch.tensor([[[[0, 100], [0, 100]]]], dtype=torch.uint8)
    rules = {"channels": 1 if name != "imagenet" else 3, "resize": 3, "range": name}
    plain = apply_pixel_rules(image, PixelRules(**rules))  # type: ignore[arg-type]
    rounded = apply_pixel_rules(image, PixelRules(**rules, quantise=True))  # type: ignore[arg-type]
    assert torch.equal(plain, rounded)  # 0, 50, 100 are whole
    image = torch.tensor([[[[0, 99], [0, 99]]]], dtype=torch.uint8)
    plain = apply_pixel_rules(image, PixelRules(**rules))  # type: ignore[arg-type]
    rounded = apply_pixel_rules(image, PixelRules(**rules, quantise=True))  # type: ignore[arg-type]
    assert torch.equal(plain, rounded) is (name == "uint8")  # 49.5 is not


def test_images_are_left_as_they_were() -> None:
    images = random_images(2, 1, 6, 6)
    before = images.clone()
    for name in RANGES:
        apply_pixel_rules(images, PixelRules(range=name, resize=6))
    assert torch.equal(images, before)
