"""Doubling and halving of feature maps, for sizes that are odd as well."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gan_models.networks.sizes import Size


class BilinearUpsample(nn.Module):
    """Bilinear interpolation from one grid to a finer one, as two matrix products.

    It equals ``interpolate(..., mode="bilinear")``, whose gradient on CUDA sums in an order that
    changes from run to run; products of matrices do not.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, coarse: Size, fine: Size) -> None:
        super().__init__()
        self.register_buffer("rows", _weights(coarse[0], fine[0]), persistent=False)
        self.register_buffer("columns", _weights(coarse[1], fine[1]).T, persistent=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Map N x C x coarse to N x C x fine."""
        finer: Tensor = self.rows @ maps @ self.columns
        return finer


def halve(fine: Size) -> nn.AvgPool2d:
    """Return the mean over blocks of 2 x 2, which is bilinear interpolation to half the size.

    Where a side is odd, blocks are 3 long and overlap, so that no pixel goes unseen.
    """
    return nn.AvgPool2d(kernel_size=(2 + fine[0] % 2, 2 + fine[1] % 2), stride=2)


def _weights(coarse: int, fine: int) -> Tensor:
    """Return what each of ``fine`` points takes from each of ``coarse`` ones."""
    exact = torch.eye(coarse, dtype=torch.float64)
    return interpolate(exact[None], size=fine, mode="linear")[0].T.float()
