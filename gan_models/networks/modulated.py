"""Modulated convolution: a style decides how much each channel counts (StyleGAN2, 1912.04958)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

_EPSILON = 1e-8  # of the squared length of a filter: a style of zeros would divide by it


def modulated_conv(maps: Tensor, weight: Tensor, style: Tensor, *, demodulate: bool) -> Tensor:
    """Convolve each sample by its own filters s_i · w_oik (eq. 1), of length 1 if asked (eq. 3).

    Scaling the channels before, and the results after, one convolution that all samples share gives
    the same numbers as filters of each sample's own, and costs no convolution in groups.

    Args:
        maps: N x I x H x W.
        weight: O x I x k x k, k odd; all samples' filters before their style.
        style: N x I scales s.
        demodulate: whether each filter is divided by its length.

    Returns:
        N x O x H x W.
    """
    convolved = conv2d(maps * style[:, :, None, None], weight, padding=weight.shape[-1] // 2)
    if not demodulate:
        return convolved
    squared_lengths = style.square() @ weight.square().sum((2, 3)).T
    return convolved * (squared_lengths + _EPSILON).rsqrt()[:, :, None, None]


class ModulatedConv(nn.Module):
    """A convolution with a bias, whose style is an affine map of w that begins about 1.

    Demodulated filters have length 1 whatever the scale of their weights, so these are drawn from
    N(0, 1): a step of Adam then turns them as little as at an equalised learning rate (1710.10196).
    """

    def __init__(
        self, style_dim: int, fan_in: int, fan_out: int, kernel: int, *, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.style = nn.Linear(style_dim, fan_in)
        nn.init.kaiming_normal_(self.style.weight, nonlinearity="linear")
        nn.init.ones_(self.style.bias)
        scale = 1.0 if demodulate else (fan_in * kernel**2) ** -0.5
        self.weight = nn.Parameter(scale * torch.randn(fan_out, fan_in, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(fan_out))
        self._demodulate = demodulate

    def forward(self, maps: Tensor, w: Tensor) -> Tensor:
        """Map N x ``fan_in`` x H x W and N x ``style_dim`` to N x ``fan_out`` x H x W."""
        style = self.style(w)
        convolved = modulated_conv(maps, self.weight, style, demodulate=self._demodulate)
        return convolved + self.bias[:, None, None]
