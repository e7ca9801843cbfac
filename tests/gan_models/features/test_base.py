import pytest
import torch

from gan_models.errors import MetricError
from gan_models.features.base import check_shape
from gan_models.samples import SampleKind, SampleSpec

SPEC = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


def test_any_number_of_samples_of_the_right_shape_passes() -> None:
    check_shape(torch.zeros(0, 1, 8, 8), SPEC)
    check_shape(torch.zeros(3, 1, 8, 8), SPEC)


@pytest.mark.parametrize("shape", [(3, 3, 8, 8), (1, 8, 8), (3, 64)])
def test_another_shape_is_named_beside_the_right_one(shape: tuple[int, ...]) -> None:
    with pytest.raises(MetricError, match=r"were given to a metric for samples of shape \(1, 8, 8"):
        check_shape(torch.zeros(shape), SPEC)
