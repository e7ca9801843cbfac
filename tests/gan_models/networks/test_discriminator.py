import pytest
import torch
from torch import nn

from gan_models.config import GanConfig
from gan_models.networks.discriminator import Discriminator


@pytest.mark.parametrize("spectral", [False, True])
def test_a_logit_is_linear_in_the_features_of_the_trunk(spectral: bool) -> None:
    built = Discriminator(GanConfig(spectral_norm=spectral), nn.Flatten(), 6).double().eval()
    first, second = torch.randn(2, 4, 2, 3, dtype=torch.float64)
    zero = built(torch.zeros_like(first))
    torch.testing.assert_close(built(first + second), built(first) + built(second) - zero)
    assert built(first).shape == (4,)


def test_spectral_norm_bounds_the_head_by_1() -> None:
    built = Discriminator(GanConfig(spectral_norm=True), nn.Identity(), 5)
    assert torch.linalg.matrix_norm(built.head.weight, 2).item() == pytest.approx(1.0, abs=1e-3)
