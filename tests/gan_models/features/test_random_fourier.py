from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_models.data.dataset import Dataset
from gan_models.errors import MetricError
from gan_models.features.identity import IdentityFeatures
from gan_models.features.random_fourier import RandomFourierFeatures
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from tests.gan_models.features.contract_features import FeatureExtractorContract


class TestRandomFourierFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self, ring: Dataset) -> RandomFourierFeatures:
        return RandomFourierFeatures(ring)

    @pytest.fixture
    def same(self, ring: Dataset) -> RandomFourierFeatures:
        return RandomFourierFeatures(ring)

    @pytest.fixture
    def other(self, ring: Dataset) -> RandomFourierFeatures:
        return RandomFourierFeatures(replace(ring, stored=3.0 * ring.stored))

    @pytest.fixture
    def stored(self, ring: Dataset) -> Tensor:
        return ring.stored[:20]


def test_every_second_mode_lost_shows_which_mean_and_covariance_hide(ring: Dataset) -> None:
    every_second = ring.stored[::2]  # the modes take turns

    def times_worse(extractor: IdentityFeatures | RandomFourierFeatures) -> float:
        half = ring.stored[:2000]
        gaussian = fit_gaussian(extractor(ring.stored))
        lost = frechet_distance(gaussian, extractor(every_second))
        return lost / frechet_distance(gaussian, extractor(half))

    assert times_worse(RandomFourierFeatures(ring)) > 100
    assert times_worse(IdentityFeatures(ring.sample)) < 10


def test_the_scale_of_the_points_does_not_matter(ring: Dataset) -> None:
    scaled = replace(ring, stored=1000.0 * ring.stored)
    small, large = RandomFourierFeatures(ring), RandomFourierFeatures(scaled)
    assert torch.allclose(small(ring.stored), large(scaled.stored), atol=1e-3)


def test_equal_points_are_refused(ring: Dataset) -> None:
    with pytest.raises(MetricError, match="all points of ring8 are equal"):
        RandomFourierFeatures(replace(ring, stored=torch.ones_like(ring.stored)))
