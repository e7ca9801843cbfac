"""What every feature extractor promises; its test inherits this class and brings the fixtures."""

import pytest
import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.features.base import FeatureExtractor


class FeatureExtractorContract:
    """Fixtures to bring: ``extractor``, ``same`` (built again), ``other``, ``stored``."""

    def test_features_are_float32_rows_on_the_cpu(
        self, extractor: FeatureExtractor, stored: Tensor
    ) -> None:
        features = extractor(stored)
        assert features.shape == (len(stored), extractor.dim)
        assert features.dtype is torch.float32
        assert features.device.type == "cpu"
        assert not features.requires_grad

    def test_equal_samples_give_equal_features(
        self, extractor: FeatureExtractor, same: FeatureExtractor, stored: Tensor
    ) -> None:
        assert torch.equal(extractor(stored), extractor(stored))
        assert torch.equal(extractor(stored), same(stored))

    def test_samples_are_left_as_they_were(
        self, extractor: FeatureExtractor, stored: Tensor
    ) -> None:
        before = stored.clone()
        extractor(stored)
        assert torch.equal(stored, before)

    @pytest.mark.parametrize("batch_size", [1, 7])
    def test_features_do_not_depend_on_the_batch(
        self, extractor: FeatureExtractor, stored: Tensor, batch_size: int
    ) -> None:
        apart = torch.cat([extractor(batch) for batch in stored.split(batch_size)])
        torch.testing.assert_close(apart, extractor(stored), rtol=0, atol=1e-5)

    def test_the_fingerprint_names_what_is_computed(
        self, extractor: FeatureExtractor, same: FeatureExtractor, other: FeatureExtractor
    ) -> None:
        assert extractor.fingerprint == same.fingerprint
        assert extractor.fingerprint != other.fingerprint

    def test_samples_of_another_shape_are_refused(
        self, extractor: FeatureExtractor, stored: Tensor
    ) -> None:
        with pytest.raises(MetricError, match=r"samples of shape \(5, 2, 2\) were given"):
            extractor(torch.zeros(3, 5, 2, 2, dtype=stored.dtype))
