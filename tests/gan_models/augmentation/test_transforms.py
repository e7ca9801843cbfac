import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_models.augmentation import transforms
from gan_models.augmentation.transforms import TRANSFORMS, Transform
from gan_models.config import AUGMENTATION_NAMES

SHAPES = [(1, 8, 8), (3, 16, 16), (2, 8, 12), (4, 11, 9)]
every_transform = pytest.mark.parametrize(
    "transform", TRANSFORMS, ids=[each.apply.__name__ for each in TRANSFORMS]
)


def uniform(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def some_images(num: int, shape: tuple[int, ...] = (3, 8, 8), seed: int = 1) -> Tensor:
    return 2 * uniform(num, *shape, seed=seed) - 1


def fixed(*numbers: float) -> Tensor:
    """Return what draws these numbers for a single image."""
    return torch.tensor([numbers], dtype=torch.float64)


@every_transform
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_images_of_any_size_and_channels_keep_their_shape_and_type(
    transform: Transform, shape: tuple[int, ...]
) -> None:
    images = some_images(6, shape).float()

    changed = transform.apply(images, uniform(6, transform.num_drawn).float())

    assert changed.shape == images.shape
    assert changed.dtype == images.dtype
    assert changed.isfinite().all()


@every_transform
def test_samples_are_changed_one_by_one(transform: Transform) -> None:
    images, drawn = some_images(3), uniform(3, transform.num_drawn)

    together = transform.apply(images, drawn)

    for index in range(3):
        alone = transform.apply(images[index : index + 1], drawn[index : index + 1])
        torch.testing.assert_close(together[index : index + 1], alone)


@every_transform
def test_its_gradient_is_that_of_finite_differences(transform: Transform) -> None:
    images = some_images(3, (2, 4, 4)).requires_grad_()
    drawn = uniform(3, transform.num_drawn)

    assert torch.autograd.gradcheck(lambda each: transform.apply(each, drawn), (images,))


@every_transform
def test_images_are_left_as_they_were(transform: Transform) -> None:
    images = some_images(4)
    before = images.clone()

    transform.apply(images, uniform(4, transform.num_drawn))

    assert torch.equal(images, before)


def test_each_group_of_a_policy_has_a_transform() -> None:
    assert {each.group for each in TRANSFORMS} == set(AUGMENTATION_NAMES)
    assert all(each.formula for each in TRANSFORMS)


@given(drawn=st.floats(0, 1, exclude_max=True))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_colour_moves_exactly_what_it_is_named_for(drawn: float) -> None:
    images = some_images(1)

    brighter = transforms.brightness(images, fixed(drawn))
    stretched = transforms.contrast(images, fixed(drawn))
    saturated = transforms.saturation(images, fixed(drawn))

    torch.testing.assert_close(brighter - images, torch.full_like(images, drawn - 0.5))
    torch.testing.assert_close(stretched.mean(), images.mean())
    torch.testing.assert_close(stretched.std(), (0.5 + drawn) * images.std())
    torch.testing.assert_close(saturated.mean(1), images.mean(1))
    torch.testing.assert_close(saturated.std(1), 2 * drawn * images.std(1))


def test_a_grey_image_has_no_colour_to_saturate() -> None:
    images = some_images(1, (1, 8, 8))

    torch.testing.assert_close(transforms.saturation(images, fixed(0.9)), images)


def test_an_image_is_flipped_or_not() -> None:
    images = some_images(1)

    assert torch.equal(transforms.flip(images, fixed(0.49)), images.flip(-1))
    assert torch.equal(transforms.flip(images, fixed(0.5)), images)


def test_square_images_turn_by_quarters_and_others_by_halves() -> None:
    square, wide = some_images(1), some_images(1, (3, 4, 6))

    for quarters in range(4):
        turned = transforms.rotation(square, fixed((quarters + 0.5) / 4))
        assert torch.equal(turned, square.rot90(quarters, (-2, -1)))
    assert torch.equal(transforms.rotation(wide, fixed(0.49)), wide)
    assert torch.equal(transforms.rotation(wide, fixed(0.5)), wide.flip(-1, -2))


@pytest.mark.parametrize(("size", "reach"), [(8, 1), (12, 2), (32, 4)])
def test_translation_moves_by_whole_pixels_up_to_an_eighth(size: int, reach: int) -> None:
    images = some_images(1, (1, size, size))
    seen = set()

    for index in range(2 * reach + 1):
        by = index - reach
        moved = transforms.translation(images, fixed((index + 0.5) / (2 * reach + 1), 0.5))
        expected = torch.zeros_like(images)
        rows = slice(max(by, 0), size + min(by, 0))
        expected[:, :, rows] = images[:, :, slice(max(-by, 0), size + min(-by, 0))]
        assert torch.equal(moved, expected)
        seen.add(by)

    assert seen == set(range(-reach, reach + 1))


def test_translation_moves_along_both_sides() -> None:
    images = some_images(1, (1, 8, 8))

    moved = transforms.translation(images, fixed(0.99, 0.0))  # a row down, a column to the left

    assert torch.equal(moved[:, :, 1:, :-1], images[:, :, :-1, 1:])
    assert not moved[:, :, 0].any()
    assert not moved[:, :, :, -1].any()


@pytest.mark.parametrize(("size", "length"), [(8, 4), (9, 5), (16, 8)])
def test_cutout_greys_a_square_of_half_the_side_wherever_it_fits(size: int, length: int) -> None:
    images = some_images(1, (2, size, size)) + 3  # never grey by itself

    in_the_middle = transforms.cutout(images, fixed(0.5, 0.5))
    in_a_corner = transforms.cutout(images, fixed(0.0, 0.0))

    assert int((in_the_middle == 0).sum()) == 2 * length**2
    assert int((in_a_corner == 0).sum()) == 2 * (length - length // 2) ** 2
    assert torch.equal(in_the_middle[in_the_middle != 0], images[in_the_middle != 0])
