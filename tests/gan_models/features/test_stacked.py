import pytest
import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Splits
from gan_models.errors import MetricError
from gan_models.features.classifier import ClassifierFeatures
from gan_models.features.modes import ClassifierModes
from gan_models.features.random_conv import RandomConvFeatures
from gan_models.features.stacked import StackedFeatures, StackedModes, unstack
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.datasets import make_dataset
from tests.gan_models.features.contract_features import FeatureExtractorContract

SINGLE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


@pytest.fixture
def stacked(digits: Splits) -> Dataset:
    """2000 stacks of three certify digits."""
    assert digits.certify.labels is not None
    triples = torch.randint(449, (2000, 3), generator=torch.Generator().manual_seed(0))
    labels = digits.certify.labels[triples] @ torch.tensor([100, 10, 1])
    return make_dataset(
        "stacked-digits", SampleKind.IMAGE, digits.certify.stored[triples, 0], labels=labels
    )


class TestStackedFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self) -> StackedFeatures:
        return StackedFeatures(RandomConvFeatures(SINGLE), 3)

    @pytest.fixture
    def same(self) -> StackedFeatures:
        return StackedFeatures(RandomConvFeatures(SINGLE), 3)

    @pytest.fixture
    def other(self) -> StackedFeatures:
        return StackedFeatures(RandomConvFeatures(SINGLE, seed=1), 3)

    @pytest.fixture
    def stored(self, stacked: Dataset) -> Tensor:
        return stacked.stored[:30]


def test_features_are_those_of_each_channel_in_order(stacked: Dataset) -> None:
    single = RandomConvFeatures(SINGLE)
    features = StackedFeatures(single, 3)(stacked.stored[:10])
    assert features.shape == (10, 192)
    for channel in range(3):
        expected = single(stacked.stored[:10, channel : channel + 1])
        torch.testing.assert_close(features[:, 64 * channel : 64 * (channel + 1)], expected)


def test_three_digits_make_one_of_a_thousand_modes(
    stacked: Dataset, digit_classifier: ClassifierFeatures
) -> None:
    assign = StackedModes(ClassifierModes(digit_classifier), 3)
    assert assign.num_modes == 1000
    assert not assign.judges_quality
    assert stacked.labels is not None
    assert assign(stacked.stored).eq(stacked.labels).double().mean() > 0.96**3


def test_a_channel_without_a_mode_leaves_the_image_without_one() -> None:
    class BlackIsNoDigit:
        num_modes = 10
        judges_quality = True

        def __call__(self, stored: Tensor) -> Tensor:
            level = stored.flatten(1).amax(dim=1).long()
            return torch.where(level > 0, level, -1)

    images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    images[0] += torch.tensor([1, 2, 3], dtype=torch.uint8)[:, None, None]
    images[1, 0] = 7
    assert StackedModes(BlackIsNoDigit(), 3)(images).tolist() == [123, -1]


def test_unstacking_gives_back_each_single_digit_once_with_its_label(
    stacked: Dataset, digits: Splits
) -> None:
    singles = unstack(stacked, num_classes=10)
    assert digits.certify.labels is not None
    assert singles.labels is not None
    known = {
        (image.numpy().tobytes(), int(label))
        for image, label in zip(digits.certify.stored, digits.certify.labels, strict=True)
    }
    found = {
        (image.numpy().tobytes(), int(label))
        for image, label in zip(singles.stored, singles.labels, strict=True)
    }
    assert found == known  # 6000 draws leave none of 449 out
    assert len(singles) == len(known)
    assert singles.sample == SINGLE


def test_images_of_another_number_of_channels_are_refused() -> None:
    extractor = StackedFeatures(RandomConvFeatures(SINGLE), 3)
    with pytest.raises(MetricError, match=r"shape \(1, 8, 8\) .* for images of 3 channels"):
        extractor(torch.zeros(2, 1, 8, 8, dtype=torch.uint8))
