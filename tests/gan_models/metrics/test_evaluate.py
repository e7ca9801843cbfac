from dataclasses import replace
from math import isfinite, isnan

import pytest
import torch

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.errors import MetricError
from gan_models.features.classifier import ClassifierFeatures
from gan_models.features.identity import IdentityFeatures
from gan_models.features.modes import NearestCentreModes
from gan_models.features.random_conv import RandomConvFeatures
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.frechet import frechet_distance
from gan_models.metrics.reference import Reference, build_reference


@pytest.fixture
def points(ring: Dataset) -> IdentityFeatures:
    return IdentityFeatures(ring.sample)


@pytest.fixture
def halves(ring: Dataset) -> tuple[Dataset, Dataset]:
    stored = ring.stored[torch.randperm(4000, generator=torch.Generator().manual_seed(0))]
    first, second = stored.split(2000)
    return replace(ring, stored=first), replace(ring, stored=second, fingerprint="second")


@pytest.fixture
def reference(halves: tuple[Dataset, Dataset], points: IdentityFeatures) -> Reference:
    return build_reference(halves[0], Split.SELECT, points)


def test_reals_score_as_good_as_real(
    halves: tuple[Dataset, Dataset], reference: Reference, points: IdentityFeatures
) -> None:
    fakes = halves[1]
    assert fakes.modes is not None
    scores = score_samples(fakes.stored, reference, points, NearestCentreModes(fakes.modes))
    assert scores.fid < 0.01
    assert scores.density == pytest.approx(1.0, abs=0.05)
    assert scores.coverage == pytest.approx(0.969, abs=0.02)
    assert min(scores.precision, scores.recall) > 0.95
    assert scores.modes == 8
    assert scores.high_quality_frac == pytest.approx(0.989, abs=0.01)
    assert abs(scores.kid) < 3 * scores.kid_standard_error
    assert abs(scores.fid_debiased) < 2 * scores.fid_standard_error
    assert scores.bins_differing_frac < 0.2
    assert scores.reverse_kl < 0.01


def test_half_scores_are_of_the_two_disjoint_halves(
    halves: tuple[Dataset, Dataset], reference: Reference, points: IdentityFeatures
) -> None:
    fakes = halves[1].stored[:1001] + 0.3
    scores = score_samples(fakes, reference, points, None)
    assert scores.fid == frechet_distance(reference.gaussian, fakes)
    assert scores.fid_a == frechet_distance(reference.gaussian, fakes[:500])
    assert scores.fid_b == frechet_distance(reference.gaussian, fakes[500:1000])


def test_a_collapsed_generator_shows_in_diversity(
    halves: tuple[Dataset, Dataset], reference: Reference, points: IdentityFeatures
) -> None:
    assert halves[0].modes is not None
    assign = NearestCentreModes(halves[0].modes)
    fakes = halves[1].stored[assign(halves[1].stored) == 0]
    scores = score_samples(fakes, reference, points, assign)
    assert (scores.modes, scores.mode_entropy) == (1, 0)
    assert scores.coverage < 0.15
    assert scores.precision > 0.9


def test_without_an_assigner_mode_scores_are_nan(
    halves: tuple[Dataset, Dataset], reference: Reference, points: IdentityFeatures
) -> None:
    scores = score_samples(halves[1].stored, reference, points, None)
    assert all(isnan(x) for x in (scores.modes, scores.mode_entropy, scores.high_quality_frac))


@pytest.mark.parametrize("broken", [torch.nan, torch.inf])
def test_fakes_that_are_not_finite_score_nan_throughout(
    halves: tuple[Dataset, Dataset], reference: Reference, points: IdentityFeatures, broken: float
) -> None:
    fakes = halves[1].stored.clone()
    fakes[5, 1] = broken
    scores = score_samples(fakes, reference, points, None)
    assert all(isnan(value) for value in scores.to_mapping().values())


def test_too_few_fakes_are_refused(reference: Reference, points: IdentityFeatures) -> None:
    with pytest.raises(MetricError, match="fakes: 6 samples; at least 7"):
        score_samples(torch.zeros(6, 2), reference, points, None)
    assert isfinite(score_samples(torch.randn(7, 2), reference, points, None).fid_a)


def test_a_reference_of_another_extractor_is_refused(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    reference = build_reference(digits.select, Split.SELECT, digit_classifier)
    other = RandomConvFeatures(digits.sample)
    with pytest.raises(MetricError, match="seen by 'random-conv' .* reference of 'digits-cl"):
        score_samples(digits.train.stored, reference, other, None)
