import pytest
import torch
from torch import Tensor

from gan_models.features.identity import IdentityFeatures
from gan_models.samples import SampleKind, SampleSpec
from tests.gan_models.features.contract_features import FeatureExtractorContract

POINTS = SampleSpec(SampleKind.POINT, (3,))


class TestIdentityFeatures(FeatureExtractorContract):
    @pytest.fixture
    def extractor(self) -> IdentityFeatures:
        return IdentityFeatures(POINTS)

    @pytest.fixture
    def same(self) -> IdentityFeatures:
        return IdentityFeatures(POINTS)

    @pytest.fixture
    def other(self) -> IdentityFeatures:
        return IdentityFeatures(SampleSpec(SampleKind.POINT, (4,)))

    @pytest.fixture
    def stored(self) -> Tensor:
        return torch.randn(20, 3, generator=torch.Generator().manual_seed(0))


def test_points_are_their_own_features() -> None:
    points = torch.tensor([[1.0, -2.0, 3.5]])
    assert torch.equal(IdentityFeatures(POINTS)(points), points)


def test_images_are_flattened_as_networks_see_them() -> None:
    images = torch.tensor([[[[0, 255]]]], dtype=torch.uint8)
    extractor = IdentityFeatures(SampleSpec(SampleKind.IMAGE, (1, 1, 2)))
    assert extractor(images).tolist() == [[-1.0, 1.0]]
