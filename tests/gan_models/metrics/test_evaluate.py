from dataclasses import replace
from math import isfinite, isnan

import pytest
import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.errors import MetricError
from gan_models.metrics.classifier import ClassifierFeatures
from gan_models.metrics.evaluate import certify, score_samples
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.metrics.identity import IdentityFeatures
from gan_models.metrics.modes import ClassifierModes, NearestCentreModes
from gan_models.metrics.random_conv import RandomConvFeatures
from gan_models.metrics.reference import Reference, build_reference
from gan_models.metrics.scores import Certificate, Scores


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
    assert isnan(scores.kid)


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


@pytest.fixture(scope="module")
def held_out(digits: Splits, digit_classifier: ClassifierFeatures) -> Reference:
    return build_reference(digits.certify, Split.CERTIFY, digit_classifier)


@pytest.fixture(scope="module")
def fakes(digits: Splits) -> Tensor:
    return digits.train.stored[:890] // 2 + 60


@pytest.fixture(scope="module")
def certificate(
    fakes: Tensor,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> Certificate:
    return certify(
        fakes,
        held_out,
        digit_classifier,
        ClassifierModes(digit_classifier),
        real_other=digits.select,
        seed=3,
    )


def test_a_certificate_repeats_the_scores_of_the_same_fakes(
    certificate: Certificate,
    fakes: Tensor,
    held_out: Reference,
    digit_classifier: ClassifierFeatures,
) -> None:
    modes = ClassifierModes(digit_classifier)
    scores = score_samples(fakes, held_out, digit_classifier, modes).to_mapping()
    for name in Scores.__dataclass_fields__.keys() & certificate.to_mapping().keys():
        assert certificate.to_mapping()[name] == pytest.approx(scores[name], nan_ok=True)


def test_the_interval_holds_the_distance(certificate: Certificate) -> None:
    assert 0 < certificate.fid_low < certificate.fid < certificate.fid_high


def test_reals_and_fakes_are_compared_at_one_count(
    certificate: Certificate,
    fakes: Tensor,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> None:
    chunks = digit_classifier(fakes).split(224)[:3]  # the remaining 218 are no whole chunk
    distances = [frechet_distance(held_out.gaussian, chunk) for chunk in chunks]
    assert certificate.n_chunk == len(digits.select) // 2 == 224
    assert certificate.fid_at_real_n == pytest.approx(sum(distances) / 3)
    assert certificate.fid_at_real_n > 2 * certificate.real_fid


def test_reals_are_drawn_at_random_and_score_above_a_whole_split(
    certificate: Certificate,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> None:
    features = digit_classifier(digits.select.stored)
    generator = torch.Generator().manual_seed(99)
    halves = [features[torch.randperm(449, generator=generator)[:224]] for _ in range(100)]
    distances = [frechet_distance(held_out.gaussian, half) for half in halves]
    assert certificate.real_fid == pytest.approx(sum(distances) / 100, rel=0.05)
    assert certificate.real_fid > 1.2 * frechet_distance(held_out.gaussian, features)


def test_the_order_of_the_other_reals_does_not_matter_to_what_they_score(
    certificate: Certificate,
    fakes: Tensor,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> None:
    assert digits.select.labels is not None
    by_class = digits.select.stored[digits.select.labels.argsort(stable=True)]
    others = replace(digits.select, stored=by_class)
    again = certify(fakes, held_out, digit_classifier, None, real_other=others, seed=3)
    assert again.real_fid == pytest.approx(certificate.real_fid, rel=0.05)


def test_coverage_is_also_taken_at_the_count_of_the_reals(
    certificate: Certificate,
    fakes: Tensor,
    held_out: Reference,
    digit_classifier: ClassifierFeatures,
) -> None:
    few = score_samples(fakes[:449], held_out, digit_classifier, None)
    assert certificate.coverage_at_real_n == pytest.approx(few.coverage)
    assert certificate.coverage_at_real_n < certificate.coverage


def test_a_certificate_names_its_features_counts_and_protocol(
    certificate: Certificate, held_out: Reference
) -> None:
    assert certificate.features == "digits-classifier"
    assert (certificate.n_fake, certificate.n_real) == (890, 449)
    assert certificate.protocol == held_out.protocol(n_fake=890, seed=3).hash


def test_fewer_fakes_than_reals_set_the_count(
    certificate: Certificate,
    fakes: Tensor,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> None:
    few = certify(fakes[:100], held_out, digit_classifier, None, real_other=digits.select, seed=0)
    assert few.n_chunk == 100
    assert few.real_fid > 1.3 * certificate.real_fid  # a distance's bias grows as the count falls
    assert isnan(few.coverage_at_real_n)


def test_fakes_that_are_not_finite_cannot_be_certified(ring: Dataset) -> None:
    points = IdentityFeatures(ring.sample)
    reference = build_reference(ring, Split.CERTIFY, points)
    with pytest.raises(MetricError, match="20 of 20 samples have NaN"):
        certify(
            torch.full((20, 2), torch.nan),
            reference,
            points,
            None,
            real_other=replace(ring, stored=ring.stored + 1, fingerprint="other"),
            seed=0,
        )


def test_the_reference_itself_is_no_other_real(
    fakes: Tensor,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> None:
    with pytest.raises(MetricError, match="the other reals are the reference itself"):
        certify(fakes, held_out, digit_classifier, None, real_other=digits.certify, seed=0)


def test_more_fakes_cannot_hide_a_distance(digits: Splits) -> None:
    """fid_at_real_n stays put while fid falls with n, so its ratio to real_fid is honest."""
    extractor = IdentityFeatures(digits.sample)
    reference = build_reference(digits.certify, Split.CERTIFY, extractor)
    real = fit_gaussian(extractor(digits.train.stored))
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(2245, real.dim, dtype=torch.float64, generator=generator)
    values = (real.mean + noise @ real.factor.T).reshape(-1, *digits.sample.shape)
    fakes = digits.sample.decode(values)
    few, many = (
        certify(fakes[:n], reference, extractor, None, real_other=digits.select, seed=0)
        for n in (449, 2245)
    )
    assert many.fid < 0.9 * few.fid
    assert many.fid_at_real_n == pytest.approx(few.fid_at_real_n, rel=0.15)
