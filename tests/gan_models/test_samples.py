import pytest
import torch

from gan_models.errors import DataError
from gan_models.samples import SampleKind, SampleSpec

IMAGE = SampleSpec(SampleKind.IMAGE, (1, 16, 16))
POINT = SampleSpec(SampleKind.POINT, (2,))
ALL_LEVELS = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)


def test_images_are_seen_in_minus_1_to_1() -> None:
    seen = IMAGE.encode(ALL_LEVELS)

    assert seen.dtype == torch.float32
    assert torch.allclose(seen.flatten(), torch.linspace(-1, 1, 256), atol=1e-6)
    assert (float(seen.min()), float(seen.max())) == (-1, 1)


def test_encoding_leaves_the_stored_images_untouched() -> None:
    stored = ALL_LEVELS.clone()

    IMAGE.encode(stored)

    assert torch.equal(stored, ALL_LEVELS)


def test_every_level_survives_the_round_trip() -> None:
    assert torch.equal(IMAGE.decode(IMAGE.encode(ALL_LEVELS)), ALL_LEVELS)


def test_what_is_out_of_range_is_clamped_and_nan_becomes_0() -> None:
    seen = torch.tensor([-7.0, 1.2, float("inf"), float("-inf"), float("nan")])

    stored = IMAGE.decode(seen)

    assert stored.dtype == torch.uint8
    assert stored.tolist() == [0, 255, 255, 0, 0]


def test_decoding_rounds_to_the_nearest_level() -> None:
    levels = torch.tensor([9.4, 9.6])

    assert IMAGE.decode(levels / 127.5 - 1).tolist() == [9, 10]


def test_decoding_leaves_the_output_of_the_network_untouched() -> None:
    seen = torch.zeros(3)

    IMAGE.decode(seen)

    assert seen.tolist() == [0, 0, 0]


def test_points_pass_unchanged_in_both_directions_nan_included() -> None:
    points = torch.tensor([[-5.0, 300.0], [0.25, float("nan")]])

    for passed in (POINT.encode(points), POINT.decode(points)):
        assert torch.equal(passed.nan_to_num(nan=99.0), points.nan_to_num(nan=99.0))


def test_the_number_of_values_is_the_product_of_the_shape() -> None:
    assert (SampleSpec(SampleKind.IMAGE, (3, 8, 9)).num_values, POINT.num_values) == (216, 2)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (SampleKind.IMAGE, (8, 8)),
        (SampleKind.IMAGE, (1, 0, 8)),
        (SampleKind.POINT, (2, 2)),
        (SampleKind.POINT, (0,)),
        (SampleKind.POINT, ()),
    ],
)
def test_an_impossible_shape_is_refused(kind: SampleKind, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=rf"kind '{kind}' cannot have shape \("):
        SampleSpec(kind, shape)
