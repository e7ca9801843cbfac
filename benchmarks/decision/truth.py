"""How good a generator truly is, by means that no trial is ever judged by.

Points: the sliced Wasserstein distance to a fresh draw of the known density. Digits: the Fréchet
distance of another network's features, many fakes against every real digit. Both with the share
of the real mass, mode by mode, that the fakes have.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import sqrt

import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Splits
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.data.stacked_digits import draw_stacked_digits
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.features.classifier import RECIPE, ClassifierFeatures, train_classifier
from gan_models.features.modes import ClassifierModes
from gan_models.features.stacked import StackedFeatures, StackedModes, unstack
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.seeds import torch_generator

NUM_FAKES = 4000
_NUM_DIRECTIONS = 64
_REACH_STDS = 10.0  # of a mode: whose a point is, not how good it is
_OTHER_SEED = 1  # data and network of the truth are not those of the observed metric


@dataclass(frozen=True)
class Truth:
    """For a perfect generator ``distance`` is 0, and ``mode_mass`` and ``spread`` are 1."""

    distance: Callable[[Tensor], float]
    mode_mass: Callable[[Tensor], float]
    spread: Callable[[Tensor], float]


@lru_cache(maxsize=1)
def truth_of(data: str) -> Truth:
    """Return how generators of this data set are truly measured."""
    if data in ("ring8", "grid25"):
        return _of_points(data)
    return _of_digits() if data == "digits" else _of_stacked_digits()


class SlicedWasserstein:
    """The mean over directions of the 1-Wasserstein distance of projections to those of reals."""

    def __init__(self, real: Tensor) -> None:
        generator = torch_generator("cpu", 0, "directions")
        directions = torch.randn(real.shape[1], _NUM_DIRECTIONS, generator=generator)
        self._directions = directions / directions.norm(dim=0)
        self._real = (real @ self._directions).sort(dim=0).values

    def __call__(self, fakes: Tensor) -> float:
        """Return the distance of m x d fakes."""
        levels = (torch.arange(len(fakes)) + 0.5) / len(fakes)
        real = self._real[(levels * len(self._real)).long()]
        fake = (fakes @ self._directions).sort(dim=0).values
        return float((real - fake).abs().mean())


def shared_mass(real_shares: Tensor, modes: Tensor) -> float:
    """Return the sum over modes of the lesser of the real and the fake share."""
    counts = torch.bincount(modes[modes >= 0], minlength=len(real_shares))
    return float(torch.minimum(real_shares, counts.double() / len(modes)).sum())


def root_variance(samples: Tensor) -> float:
    """Return the root of the summed variances: how far samples lie from their mean."""
    return float(samples.double().var(dim=0).sum().sqrt())


def _of_points(data: str) -> Truth:
    real = load_splits(DataSource.from_mapping({"name": data}), _OTHER_SEED).train
    assert real.modes is not None
    centres, reach = real.modes.centres, _REACH_STDS * real.modes.standard_deviation
    shares = torch.full((len(centres),), 1 / len(centres), dtype=torch.float64)

    def mode_mass(fakes: Tensor) -> float:
        distance, nearest = torch.cdist(fakes, centres).min(dim=1)
        return shared_mass(shares, torch.where(distance <= reach, nearest, -1))

    real_spread = root_variance(real.stored)
    return Truth(
        distance=SlicedWasserstein(real.stored),
        mode_mass=mode_mass,
        spread=lambda fakes: root_variance(fakes) / real_spread,
    )


def _other_classifier(digits: Dataset) -> ClassifierFeatures:
    recipe = replace(RECIPE, version=1000 + _OTHER_SEED)
    return ClassifierFeatures("truth", digits.sample, train_classifier(digits, recipe))


def _of_digits() -> Truth:
    splits = load_splits(DataSource.from_mapping({"name": "digits"}), _OTHER_SEED)
    features = _other_classifier(splits.train)
    return _of_images(splits, features, ClassifierModes(features))


def _of_stacked_digits() -> Truth:
    splits = draw_stacked_digits(_OTHER_SEED)
    single = _other_classifier(unstack(splits.train, 10))
    return _of_images(splits, StackedFeatures(single, 3), StackedModes(ClassifierModes(single), 3))


def _of_images(splits: Splits, features: FeatureExtractor, modes: ModeAssigner) -> Truth:
    real = torch.cat([splits.train.stored, splits.select.stored, splits.certify.stored])
    gaussian = fit_gaussian(features(real))
    real_spread = root_variance(features(real))
    counts = torch.bincount(modes(real), minlength=modes.num_modes).double()

    def distance(fakes: Tensor) -> float:
        return sqrt(max(0.0, frechet_distance(gaussian, features(fakes))))

    return Truth(
        distance=distance,
        mode_mass=lambda fakes: shared_mass(counts / counts.sum(), modes(fakes)),
        spread=lambda fakes: root_variance(features(fakes)) / real_spread,
    )
