import pytest
from torch import Tensor

from gan_models.features.random_conv import RandomConvFeatures
from gan_models.metrics.frechet import fit_gaussian, frechet_distance
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.datasets import MakeImages
from tests.gan_models.features.contract_features import FeatureExtractorContract

COLOUR = SampleSpec(SampleKind.IMAGE, (3, 12, 16))


class TestRandomConvFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self) -> RandomConvFeatures:
        return RandomConvFeatures(COLOUR)

    @pytest.fixture
    def same(self) -> RandomConvFeatures:
        return RandomConvFeatures(COLOUR)

    @pytest.fixture
    def other(self) -> RandomConvFeatures:
        return RandomConvFeatures(COLOUR, seed=1)

    @pytest.fixture
    def stored(self, make_images: MakeImages) -> Tensor:
        return make_images(COLOUR.shape).stored


def test_fewer_grey_levels_are_far_and_other_images_of_a_kind_are_near(
    make_images: MakeImages,
) -> None:
    images = make_images((1, 8, 8), count=1000).stored
    extractor = RandomConvFeatures(SampleSpec(SampleKind.IMAGE, (1, 8, 8)))
    real = fit_gaussian(extractor(images[:500]))
    near = frechet_distance(real, extractor(images[500:]))
    far = frechet_distance(real, extractor(images[500:] // 4))
    assert far > 10 * near
