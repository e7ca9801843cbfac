import pytest
import torch

from gan_models.networks.conditional_norm import ConditionalBatchNorm2d, labels_for


@pytest.fixture
def norm() -> ConditionalBatchNorm2d:
    return ConditionalBatchNorm2d(3, num_classes=2).double()


@pytest.fixture
def maps() -> torch.Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(6, 3, 4, 5, generator=rng, dtype=torch.float64)


LABELS = torch.tensor([0, 1, 1, 0, 1, 0])


def test_untrained_it_is_plain_batch_norm(norm: ConditionalBatchNorm2d, maps: torch.Tensor) -> None:
    with labels_for([norm], LABELS):
        seen = norm(maps)

    torch.testing.assert_close(seen, torch.nn.BatchNorm2d(3).double()(maps))


def test_statistics_are_of_the_whole_batch_and_scale_and_shift_of_the_class(
    norm: ConditionalBatchNorm2d, maps: torch.Tensor
) -> None:
    scale = torch.arange(1.0, 7.0, dtype=torch.float64).view(2, 3)
    with torch.no_grad():
        norm.scale.weight.copy_(scale)
        norm.shift.weight.copy_(-scale)
    variance, mean = torch.var_mean(maps, dim=(0, 2, 3), correction=0, keepdim=True)
    normed = (maps - mean) / (variance + norm.eps).sqrt()

    with labels_for([norm], LABELS):
        seen = norm(maps)

    own = scale[LABELS][:, :, None, None]
    torch.testing.assert_close(seen, normed * own - own)


def test_labels_are_forgotten_after_the_pass(
    norm: ConditionalBatchNorm2d, maps: torch.Tensor
) -> None:
    with pytest.raises(RuntimeError, match="stop"), labels_for([norm], LABELS):
        raise RuntimeError("stop")

    assert norm.labels is None
