import numpy as np
import pytest

from gan_models.data.interpret import interpret_array
from gan_models.errors import DataError
from gan_models.samples import SampleKind

Pixels = np.ndarray


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NHW"])
def test_every_layout_of_images_is_brought_to_channels_first(greys: Pixels, layout: str) -> None:
    given = {"NCHW": greys, "NHWC": np.moveaxis(greys, 1, -1), "NHW": greys[:, 0]}[layout]

    kind, images = interpret_array(given, "x")

    assert kind is SampleKind.IMAGE
    assert np.array_equal(images, greys)
    assert images.flags.c_contiguous


def test_colour_channels_are_moved_not_reshaped(colours: Pixels) -> None:
    _, images = interpret_array(np.moveaxis(colours, 1, -1), "x")

    assert np.array_equal(images, colours)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4"])
def test_float_images_in_0_to_1_are_spread_over_0_to_255(greys: Pixels, dtype: str) -> None:
    _, images = interpret_array((greys / 255).astype(dtype), "x")

    assert images.dtype == np.uint8
    assert np.array_equal(images, greys)


def test_float_images_in_minus_1_to_1_are_spread_over_0_to_255(greys: Pixels) -> None:
    _, images = interpret_array((greys / 127.5 - 1).astype(np.float32), "x")

    assert np.array_equal(images, greys)


def test_float_images_are_rounded_to_the_nearest_level() -> None:
    shades = np.tile([0.0, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1.0, 0.5, 0.5, 0.5], (1, 8, 1))

    _, images = interpret_array(shades, "x")

    assert images[0, 0, 0, :5].tolist() == [0, 0, 1, 254, 255]


@pytest.mark.parametrize(
    ("low", "high", "found"), [(0.0, 255.0, "0 to 255"), (-1.5, 1.0, "-1.5 to 1")]
)
def test_float_images_of_another_range_are_refused(low: float, high: float, found: str) -> None:
    images = np.linspace(low, high, 128).reshape(2, 8, 8)

    with pytest.raises(DataError, match=rf"^x: float images with values from {found}; allowed: 0"):
        interpret_array(images, "x")


def test_float_rows_are_points_in_float32() -> None:
    points = np.array([[0.5, -3.0], [1e6, 2.0]])

    kind, stored = interpret_array(points, "x")

    assert kind is SampleKind.POINT
    assert stored.dtype == np.float32
    assert stored.tolist() == points.tolist()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_the_first_row_of_points_that_is_not_finite_is_named(bad: float) -> None:
    points = np.zeros((60, 2))
    points[[41, 17], 1] = bad

    with pytest.raises(DataError, match=r"^x: row 17 holds NaN or infinity"):
        interpret_array(points, "x")


def test_the_first_image_that_is_not_finite_is_named() -> None:
    images = np.zeros((4, 3, 8, 8), dtype=np.float32)
    images[2, 1, 7, 7] = np.nan

    with pytest.raises(DataError, match=r"^x: row 2 holds NaN or infinity"):
        interpret_array(images, "x")


def test_features_are_points_of_many_dimensions_up_to_a_limit() -> None:
    assert interpret_array(np.zeros((5, 4096)), "x")[0] is SampleKind.POINT
    with pytest.raises(DataError, match=r"^x: points of 4097 dimensions; allowed: .*d up to 4096"):
        interpret_array(np.zeros((5, 4097)), "x")


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((5, 64), dtype=np.uint8),
        np.zeros((5, 8, 8), dtype=np.int64),
        np.zeros((5, 2), dtype=np.complex64),
        np.zeros((5, 8, 8), dtype=bool),
        np.zeros(5),
        np.array(1.0),
        np.zeros((5, 1, 1, 8, 8)),
        np.array([["a", "b"]]),
    ],
    ids=lambda array: f"{array.dtype}-{array.ndim}d",
)
def test_other_types_and_ranks_are_refused_with_what_is_allowed(array: np.ndarray) -> None:
    with pytest.raises(DataError, match=r"^x: .* array of shape \(.*\); allowed: images .*points"):
        interpret_array(array, "x")


def test_images_of_four_channels_are_refused() -> None:
    with pytest.raises(DataError, match=r"^x: images of shape \(4, 16, 16\) have no axis of 1 or"):
        interpret_array(np.zeros((5, 4, 16, 16), dtype=np.uint8), "x")


def test_images_of_another_size_are_refused_with_it() -> None:
    with pytest.raises(DataError, match=r"^x: 100 x 90 pixels"):
        interpret_array(np.zeros((5, 90, 100, 3), dtype=np.uint8), "x")


@pytest.mark.parametrize("shape", [(0,), (0, 2), (0, 1, 8, 8)])
def test_no_samples_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"^x: empty; allowed"):
        interpret_array(np.zeros(shape), "x")
