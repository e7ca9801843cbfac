from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_models.data.dataset import Splits
from gan_models.errors import MetricError
from gan_models.features.classifier import (
    RECIPE,
    ClassifierFeatures,
    _shift,
    build_classifier,
    count_classes,
    train_classifier,
)
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from tests.gan_models.datasets import MakeImages
from tests.gan_models.features.contract_features import FeatureExtractorContract

BRIEF = replace(RECIPE, num_steps=12)


class TestClassifierFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self, digit_classifier: ClassifierFeatures) -> ClassifierFeatures:
        return digit_classifier

    @pytest.fixture
    def same(self, digits: Splits, digit_classifier: ClassifierFeatures) -> ClassifierFeatures:
        network = build_classifier(digits.train)
        network.load_state_dict(digit_classifier._classifier.state_dict())
        return ClassifierFeatures("another name", digits.sample, network)

    @pytest.fixture
    def other(self, digits: Splits) -> ClassifierFeatures:
        return ClassifierFeatures("untrained", digits.sample, build_classifier(digits.train))

    @pytest.fixture
    def stored(self, digits: Splits) -> Tensor:
        return digits.select.stored[:50]


def test_held_out_digits_are_named_rightly(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    for real in (digits.select, digits.certify):
        assert real.labels is not None
        right = digit_classifier.classify(real.stored).eq(real.labels)
        assert right.double().mean() >= 0.96


def test_held_out_digits_resemble_those_that_were_trained_on(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    certify = fit_gaussian(digit_classifier(digits.certify.stored))
    held_out = frechet_distance(certify, digit_classifier(digits.select.stored))
    seen = [
        frechet_distance(certify, digit_classifier(half)) for half in digits.train.stored.split(450)
    ]
    assert 0.7 < sum(seen) / 2 / held_out < 1.3


def test_damaged_digits_are_farther_than_other_digits(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    certify = fit_gaussian(digit_classifier(digits.certify.stored))
    images = digits.select.stored
    held_out = frechet_distance(certify, digit_classifier(images))
    mixed = (images // 2) + (images.roll(1, dims=0) // 2)
    assert frechet_distance(certify, digit_classifier(mixed)) > 4 * held_out


def test_training_gives_the_same_bits_whatever_runs_around_it(digits: Splits) -> None:
    torch.manual_seed(1)
    first = train_classifier(digits.train, BRIEF).state_dict()
    torch.manual_seed(2)
    torch.set_num_threads(2)
    try:
        with torch.no_grad():
            again = train_classifier(digits.train, BRIEF).state_dict()
    finally:
        torch.set_num_threads(1)
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_training_leaves_the_global_random_state_alone(digits: Splits) -> None:
    before = torch.random.get_rng_state()
    train_classifier(digits.train, BRIEF)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 28, 28), (3, 64, 48)])
def test_images_of_any_size_can_be_learnt(
    shape: tuple[int, int, int], make_images: MakeImages
) -> None:
    images = make_images(shape, num_classes=3)
    trained = train_classifier(images, BRIEF)
    assert trained.head.out_features == 3
    assert all(weights.isfinite().all() for weights in trained.parameters())


def test_a_shift_moves_each_image_by_at_most_an_eighth_and_fills_with_black() -> None:
    images = torch.full((200, 1, 16, 16), -1.0)
    images[:, :, 8, 8] = 1.0
    moved = _shift(images, 1 / 8, torch.Generator().manual_seed(0))
    assert torch.equal(moved.sum(dim=(1, 2, 3)), images.sum(dim=(1, 2, 3)))
    rows, columns = (moved == 1.0).nonzero()[:, 2:].unbind(dim=1)
    for places in (rows, columns):
        assert set(places.tolist()) == {6, 7, 8, 9, 10}


def test_classes_are_counted_from_labels_where_no_number_is_given(
    make_images: MakeImages,
) -> None:
    labelled = make_images(num_classes=4)
    assert count_classes(labelled) == 4
    assert count_classes(make_images()) == 0


@pytest.mark.parametrize("num_classes", [0, 1])
def test_fewer_than_two_classes_are_refused(num_classes: int, make_images: MakeImages) -> None:
    with pytest.raises(MetricError, match="at least 2 classes, there are .; use features 'random"):
        build_classifier(make_images(num_classes=num_classes))


def test_classes_need_no_second_look_at_the_samples(
    digits: Splits, digit_classifier: ClassifierFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = digits.select.stored.clone()
    expected = digit_classifier.classify(stored.clone())
    digit_classifier(stored)

    def refuse(*arguments: object) -> None:
        raise AssertionError

    monkeypatch.setattr("gan_models.features.classifier.apply_in_batches", refuse)
    assert digit_classifier.classify(stored).equal(expected)


def test_samples_that_were_written_into_are_looked_at_anew(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    stored = digits.select.stored.clone()
    before = digit_classifier(stored).clone()
    stored.fill_(0)
    assert digit_classifier(stored).equal(digit_classifier(torch.zeros_like(stored)))
    assert not digit_classifier(stored).equal(before)
