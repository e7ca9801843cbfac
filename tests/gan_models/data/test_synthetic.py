from math import cos, pi, sin

import numpy as np
import pytest
import torch

from gan_models.data.synthetic import draw_grid25, draw_ring8
from gan_models.data.unsplit import UnsplitData
from gan_models.samples import SampleKind

DRAWS = [(draw_ring8(0), 0.02), (draw_grid25(0), 0.05)]


def test_ring8_has_8_centres_on_the_unit_circle() -> None:
    modes = draw_ring8(0).modes
    assert modes is not None

    by_hand = [[cos(pi * turn / 4), sin(pi * turn / 4)] for turn in range(8)]
    assert torch.allclose(modes.centres, torch.tensor(by_hand), atol=1e-7)


def test_grid25_has_the_25_centres_of_the_papers() -> None:
    modes = draw_grid25(0).modes
    assert modes is not None

    by_hand = {(float(x), float(y)) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {(x, y) for x, y in modes.centres.tolist()} == by_hand


@pytest.mark.parametrize(("data", "std"), DRAWS, ids=["ring8", "grid25"])
def test_points_scatter_around_the_centre_of_their_label(data: UnsplitData, std: float) -> None:
    assert data.modes is not None
    assert data.labels is not None

    offsets = data.samples - data.modes.centres.numpy()[data.labels]

    assert data.modes.standard_deviation == std
    assert offsets.std(axis=0) == pytest.approx([std, std], rel=0.02)
    assert np.abs(offsets.mean(axis=0)).max() < 4 * std / np.sqrt(len(data))


@pytest.mark.parametrize(("data", "std"), DRAWS, ids=["ring8", "grid25"])
def test_modes_are_equally_frequent_float32_points(data: UnsplitData, std: float) -> None:
    assert data.labels is not None

    counts = np.bincount(data.labels)

    assert len(counts) == data.num_classes
    assert counts.min() == counts.max()
    assert data.kind is SampleKind.POINT
    assert data.samples.dtype == np.float32


@pytest.mark.parametrize("draw", [draw_ring8, draw_grid25])
def test_the_seed_decides_the_draw(draw: type) -> None:
    assert np.array_equal(draw(5).samples, draw(5).samples)
    assert not np.array_equal(draw(5).samples, draw(6).samples)


def test_every_split_knows_the_modes() -> None:
    splits = draw_ring8(0).split(seed=0)

    assert splits.certify.modes is splits.train.modes is not None
