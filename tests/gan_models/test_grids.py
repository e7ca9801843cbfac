from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.grids import draw_classes, draw_grid
from gan_models.model_folder import Model
from gan_models.networks.registry import build_generator
from gan_models.samples import Classes, SampleKind, SampleSpec

POINTS = SampleSpec(SampleKind.POINT, (2,))


def images(count: int, shape: tuple[int, int, int]) -> tuple[Tensor, SampleSpec]:
    rng = torch.Generator().manual_seed(0)
    stored = torch.randint(256, (count, *shape), dtype=torch.uint8, generator=rng)
    return stored, SampleSpec(SampleKind.IMAGE, shape)


def shrunk(picture: Image.Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Undo an enlargement by a whole factor, and check that it was one."""
    pixels = np.asarray(picture)
    factor = pixels.shape[1] // size[1]
    small = pixels[::factor, ::factor]
    assert small.shape[:2] == size
    assert np.array_equal(small.repeat(factor, axis=0).repeat(factor, axis=1), pixels)
    return small


def drawn(points: list[list[float]], *, bound: float | None = None) -> list[list[int]]:
    """Return row and column of every dark pixel."""
    picture = draw_grid(torch.tensor(points), POINTS, bound=bound)
    rows_and_columns: list[list[int]] = np.argwhere(np.asarray(picture) == 0).tolist()
    return rows_and_columns


def test_images_fill_a_near_square_row_by_row() -> None:
    stored, sample = images(5, (1, 8, 10))

    grid = shrunk(draw_grid(stored, sample), (2 * 8 + 1, 3 * 10 + 2))

    for index, (top, left) in enumerate([(0, 0), (0, 11), (0, 22), (9, 0), (9, 11)]):
        assert np.array_equal(grid[top : top + 8, left : left + 10], stored[index, 0].numpy())
    assert (grid[8] == 24).all()
    assert (grid[:, 10] == 24).all()
    assert (grid[9:, 22:] == 24).all()  # the sixth place is empty


def test_colours_stay_in_their_channels() -> None:
    stored, sample = images(1, (3, 8, 8))

    picture = draw_grid(stored, sample)

    assert picture.mode == "RGB"
    assert np.array_equal(shrunk(picture, (8, 8)), stored[0].permute(1, 2, 0).numpy())


def test_small_images_are_enlarged_to_about_512_pixels() -> None:
    assert draw_grid(*images(64, (1, 8, 8))).size == (71 * 7, 71 * 7)


def test_large_grids_are_not_shrunk() -> None:
    assert draw_grid(*images(100, (1, 64, 64))).size == (649, 649)


def test_points_stand_where_a_plot_would_show_them() -> None:
    (centre,) = drawn([[0.0, 0.0]], bound=1.0)
    (upper_right,) = drawn([[1.0, 1.0]], bound=1.0)
    (lower_left,) = drawn([[-1.0, -1.0]], bound=1.0)

    assert centre in ([255, 256], [256, 256], [256, 255], [255, 255])
    assert upper_right == [0, 511]
    assert lower_left == [511, 0]


def test_points_beyond_the_bound_are_left_out() -> None:
    assert len(drawn([[0.5, 0.5], [9.0, 0.0], [0.0, -9.0]], bound=1.0)) == 1


def test_without_a_bound_every_point_fits() -> None:
    assert len(drawn([[1000.0, 0.0], [-1000.0, 3.0], [0.0, -1000.0]])) == 3


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_points_that_are_no_numbers_are_left_out(broken: float) -> None:
    assert drawn([[broken, 0.0], [0.0, 0.0]]) == drawn([[0.0, 0.0]])
    assert drawn([[broken, 0.0]]) == []


def test_of_many_dimensions_the_first_two_are_shown() -> None:
    points = torch.tensor([[0.5, -0.25, 0.9]])

    picture = draw_grid(points, SampleSpec(SampleKind.POINT, (3,)), bound=1.0)

    assert np.argwhere(np.asarray(picture) == 0).tolist() == drawn([[0.5, -0.25]], bound=1.0)


def test_one_dimension_is_shown_on_the_axis() -> None:
    picture = draw_grid(torch.tensor([[0.5]]), SampleSpec(SampleKind.POINT, (1,)), bound=1.0)

    assert np.argwhere(np.asarray(picture) == 0).tolist() == drawn([[0.5, 0.0]], bound=1.0)


def conditional(num_classes: int, kind: SampleKind = SampleKind.IMAGE) -> Model:
    names = tuple(map(str, range(num_classes)))
    shape = (1, 8, 8) if kind is SampleKind.IMAGE else (2,)
    sample = SampleSpec(kind, shape, Classes(names, (1 / num_classes,) * num_classes))
    config = GanConfig(network="mlp", width=8, depth=1, latent_dim=2, conditioning="concat")
    return Model(build_generator(config, sample).eval(), config, sample)


def test_each_class_has_a_row() -> None:
    model = conditional(3)

    picture = draw_classes(model, seed=0)

    assert picture is not None
    grid = shrunk(picture, (3 * 9 - 1, 16 * 9 - 1))
    first_of_last = model.draw_each_class(16, seed=0)[2 * 16, 0].numpy()
    assert np.array_equal(grid[18:26, :8], first_of_last)


def test_points_too_many_classes_and_none_have_no_rows() -> None:
    plain = replace(conditional(3), config=GanConfig())

    for model in (conditional(3, SampleKind.POINT), conditional(33), plain):
        assert draw_classes(model, seed=0) is None
