"""Mixtures of Gaussians in the plane whose modes are known exactly.

The two standards of the literature (1611.02163, 1705.07761, 1712.04086): a ring and a grid.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from gan_models.data.dataset import Modes
from gan_models.data.unsplit import UnsplitData
from gan_models.samples import SampleKind
from gan_models.seeds import derive_seed

_NUM_POINTS = 20_000
_RING_STD = 0.02
_GRID_STD = 0.05


def draw_ring8(seed: int) -> UnsplitData:
    """Draw from 8 equal Gaussians on the unit circle, standard deviation 0.02."""
    angles = 2 * np.pi * np.arange(8) / 8
    centres = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return _draw("ring8", centres, _RING_STD, seed)


def draw_grid25(seed: int) -> UnsplitData:
    """Draw from 25 equal Gaussians at {-4, -2, 0, 2, 4}², standard deviation 0.05."""
    axis = np.array([-4.0, -2.0, 0.0, 2.0, 4.0])
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    return _draw("grid25", centres, _GRID_STD, seed)


def _draw(name: str, centres: NDArray[np.float64], std: float, seed: int) -> UnsplitData:
    modes = np.arange(_NUM_POINTS) % len(centres)
    noise = np.random.default_rng(derive_seed(seed, name)).normal(size=(_NUM_POINTS, 2))
    return UnsplitData(
        name=name,
        kind=SampleKind.POINT,
        samples=(centres[modes] + std * noise).astype(np.float32),
        labels=modes,
        num_classes=len(centres),
        modes=Modes(torch.from_numpy(centres.astype(np.float32)), std),
    )
