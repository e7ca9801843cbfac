import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from gan_models.networks.modulated import ModulatedConv, modulated_conv

pytestmark = pytest.mark.usefixtures("seeded")


def randn(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64)


@pytest.mark.parametrize("kernel", [1, 3])
@pytest.mark.parametrize("demodulate", [False, True])
def test_it_is_a_convolution_with_filters_of_each_samples_own(
    kernel: int, demodulate: bool
) -> None:
    maps, weight, style = randn(4, 5, 6, 7), randn(3, 5, kernel, kernel), randn(4, 5)

    together = modulated_conv(maps, weight, style, demodulate=demodulate)

    for sample, own_style, convolved in zip(maps, style, together, strict=True):
        filters = torch.stack([one * own_style[:, None, None] for one in weight])
        if demodulate:
            filters = torch.stack([one / one.norm() for one in filters])
        expected = conv2d(sample[None], filters, padding=kernel // 2)[0]
        torch.testing.assert_close(convolved, expected)


def test_demodulated_noise_keeps_its_variance() -> None:
    noise = randn(2, 64, 32, 32)

    convolved = modulated_conv(noise, randn(32, 64, 3, 3), randn(2, 64), demodulate=True)

    assert convolved[:, :, 1:-1, 1:-1].std().item() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("demodulate", [False, True])
def test_its_gradient_is_right(demodulate: bool) -> None:
    given = [randn(2, 3, 4, 4), randn(2, 3, 3, 3), randn(2, 3)]
    assert torch.autograd.gradcheck(
        lambda *each: modulated_conv(*each, demodulate=demodulate),
        [each.requires_grad_() for each in given],
    )


def test_a_style_of_zeros_gives_zeros_and_a_finite_gradient() -> None:
    style = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)

    silent = modulated_conv(randn(1, 3, 4, 4), randn(2, 3, 3, 3), style, demodulate=True)
    silent.sum().backward()

    assert not silent.any()
    assert style.grad is not None
    assert style.grad.isfinite().all()


def test_the_scale_of_demodulated_weights_is_irrelevant() -> None:
    layer, maps, w = ModulatedConv(5, 3, 2, 3).double(), randn(4, 3, 8, 8), randn(4, 5)
    before = layer(maps, w)

    layer.weight.data.mul_(100.0)

    torch.testing.assert_close(layer(maps, w), before)


def test_a_layer_takes_its_style_from_w_and_adds_its_bias() -> None:
    layer, maps, w = ModulatedConv(5, 3, 2, 3).double(), randn(4, 3, 8, 8), randn(4, 5)
    layer.bias.data.copy_(torch.tensor([1.0, -2.0]))
    style = w @ layer.style.weight.T + 1.0

    expected = modulated_conv(maps, layer.weight, style, demodulate=True)

    torch.testing.assert_close(
        layer(maps, w) - expected, layer.bias[:, None, None].expand(4, 2, 8, 8)
    )
