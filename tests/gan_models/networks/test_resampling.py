import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gan_models.networks.resampling import BilinearUpsample, halve


def maps(height: int, width: int) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(2, 3, height, width, generator=rng, dtype=torch.float64)


@pytest.mark.parametrize("fine", [(8, 8), (9, 8), (15, 31), (2, 2)])
def test_upsampling_is_bilinear_interpolation(fine: tuple[int, int]) -> None:
    coarse = fine[0] // 2, fine[1] // 2
    given = maps(*coarse)

    finer = BilinearUpsample(coarse, fine).double()(given)

    expected = interpolate(given, size=fine, mode="bilinear")
    torch.testing.assert_close(finer, expected, rtol=0, atol=1e-6)  # weights are of float32


def test_what_upsampling_keeps_is_no_part_of_a_checkpoint() -> None:
    assert BilinearUpsample((2, 2), (4, 4)).state_dict() == {}


def test_halving_an_even_grid_is_bilinear_interpolation() -> None:
    given = maps(8, 6)

    halved = halve((8, 6))(given)

    torch.testing.assert_close(halved, interpolate(given, size=(4, 3), mode="bilinear"))


@pytest.mark.parametrize("fine", [(9, 8), (15, 31), (8, 5)])
def test_halving_an_odd_grid_overlooks_no_pixel(fine: tuple[int, int]) -> None:
    given = maps(*fine).requires_grad_()

    halved = halve(fine)(given)
    halved.sum().backward()

    assert halved.shape[2:] == (fine[0] // 2, fine[1] // 2)
    assert given.grad is not None
    assert (given.grad > 0).all()
    torch.testing.assert_close(halve(fine)(torch.ones_like(given)), torch.ones_like(halved))
