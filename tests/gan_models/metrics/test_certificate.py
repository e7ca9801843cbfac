from dataclasses import replace
from math import isnan

import pytest
import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Split, Splits
from gan_models.errors import MetricError
from gan_models.features.classifier import ClassifierFeatures
from gan_models.features.identity import IdentityFeatures
from gan_models.features.modes import ClassifierModes
from gan_models.metrics.certificate import certify
from gan_models.metrics.evaluate import score_samples
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.metrics.perfect import perfect_coverage
from gan_models.metrics.reference import Reference, build_reference
from gan_models.metrics.scores import Certificate, Scores


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
        splits=digits,
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
    others = replace(digits.select, stored=by_class, fingerprint="by class")
    again = certify(
        fakes, held_out, digit_classifier, None, splits=replace(digits, select=others), seed=3
    )
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
    perfect = certificate.perfect_coverage_at_real_n
    assert perfect == pytest.approx(perfect_coverage(449, 449, held_out.k))


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
    few = certify(fakes[:100], held_out, digit_classifier, None, splits=digits, seed=0)
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
            splits=Splits(ring, ring, ring),
            seed=0,
        )


def test_the_reference_itself_is_no_other_real(
    fakes: Tensor,
    held_out: Reference,
    digits: Splits,
    digit_classifier: ClassifierFeatures,
) -> None:
    with pytest.raises(MetricError, match="the other reals are the reference itself"):
        certify(
            fakes,
            held_out,
            digit_classifier,
            None,
            splits=replace(digits, select=digits.certify),
            seed=0,
        )


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
        certify(fakes[:n], reference, extractor, None, splits=digits, seed=0) for n in (449, 2245)
    )
    assert many.fid < 0.9 * few.fid
    assert many.fid_at_real_n == pytest.approx(few.fid_at_real_n, rel=0.15)
