"""Kernel distance: the squared maximum mean discrepancy of features, exact and unbiased.

MMD² = E k(x, x') + E k(y, y') − 2 E k(x, y) with k(x, y) = (x·y / d + 1)³ (KID: Bińkowski et al.,
1801.01401), over all pairs of different samples instead of random subsets of them: no random
numbers, and no rule for subsets. Unbiased at every n, so it may be below 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gan_models.errors import MetricError

MIN_SAMPLES = 2  # for a pair
_CHUNK_ROWS = 256  # a block of kernels stays in a core's cache


@dataclass(frozen=True)
class KernelDistance:
    """``value`` is 0 on average for fakes as good as real; ``standard_error`` is of that value.

    The error regards both sets as random. It is that of the linear part of the statistic, right
    to first order wherever fakes differ from reals. For perfect fakes the linear part is nothing
    but noise, and its variance twice that of the value: there the error is √2 too large.
    """

    value: float
    standard_error: float


def kernel_row_sums(features: Tensor) -> Tensor:
    """Return Σ k(x_i, x_j) over j ≠ i for each of n samples, float64: the part worth caching.

    Args:
        features: n x d, float32 or float64. Products of float32 are formed in float32 (about
            their mean) and summed in float64: their error is far below the standard error.

    Raises:
        MetricError: if there are fewer than two samples, or their kernel overflows.
    """
    return _row_sums(features, features.mean(dim=0))


def kernel_distance(real: Tensor, real_row_sums: Tensor, fakes: Tensor) -> KernelDistance:
    """Return the kernel distance of m x d fakes to n x d reals.

    Args:
        real: float32 or float64 features.
        real_row_sums: those of ``real``, from :func:`kernel_row_sums`.
        fakes: float32 or float64 features.

    Raises:
        MetricError: if there are fewer than two samples on a side, widths or row sums do not fit,
            or the kernel overflows.
    """
    _check_match(real, real_row_sums, fakes)
    n, m = len(real), len(fakes)
    # One centre for all blocks: a sample is rounded alike in each, which then cancels.
    centre = real.mean(dim=0).to(torch.promote_types(real.dtype, fakes.dtype))
    within_real = real_row_sums / (n - 1)
    within_fake = _row_sums(fakes, centre) / (m - 1)
    real_to_fake, fake_to_real = _cross_means(real, fakes, centre)
    value = within_real.mean() + within_fake.mean() - 2 * real_to_fake.mean()
    real_variance = (within_real - real_to_fake).var()
    fake_variance = (within_fake - fake_to_real).var()
    standard_error = 2 * (real_variance / n + fake_variance / m).sqrt()
    if not (value.isfinite() and standard_error.isfinite()):
        raise _overflow(real, fakes)
    return KernelDistance(float(value), float(standard_error))


def _row_sums(features: Tensor, centre: Tensor) -> Tensor:
    _check_count(features)
    sums = torch.zeros(len(features), dtype=torch.float64)
    for rows in _chunks(features, centre):
        for columns in _chunks(features[: rows.span.stop], centre):
            kernel = _kernel(rows, columns)
            if columns.span == rows.span:
                kernel.fill_diagonal_(0)
            else:
                sums[columns.span] += kernel.sum(dim=0)
            sums[rows.span] += kernel.sum(dim=1)
    if not sums.isfinite().all():
        raise _overflow(features)
    return sums


def _cross_means(real: Tensor, fakes: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """Return each real's mean kernel with all fakes (n), and each fake's with all reals (m)."""
    real_sums = torch.zeros(len(real), dtype=torch.float64)
    fake_sums = torch.zeros(len(fakes), dtype=torch.float64)
    for rows in _chunks(real, centre):
        for columns in _chunks(fakes, centre):
            kernel = _kernel(rows, columns)
            real_sums[rows.span] += kernel.sum(dim=1)
            fake_sums[columns.span] += kernel.sum(dim=0)
    return real_sums / len(fakes), fake_sums / len(real)


class _Chunk(NamedTuple):
    """Some samples x about a centre c: x − c, and c·(x − c) + c·c / 2 in float64."""

    span: slice
    centred: Tensor
    offset: Tensor


def _chunks(features: Tensor, centre: Tensor) -> Iterator[_Chunk]:
    wide = centre.double()
    for start in range(0, len(features), _CHUNK_ROWS):
        centred = features[start : start + _CHUNK_ROWS] - centre
        offset = centred.double() @ wide + wide @ wide / 2
        yield _Chunk(slice(start, start + len(centred)), centred, offset)


def _kernel(rows: _Chunk, columns: _Chunk) -> Tensor:
    """Return the kernel of two chunks, in float64.

    x·y = (x − c)·(y − c) + both offsets: only the first product, of small numbers, is formed in
    the features' own precision. Features far from the origin keep their digits that way.
    """
    products = (rows.centred @ columns.centred.T).double()
    products += rows.offset[:, None]
    products += columns.offset
    return products.div_(rows.centred.shape[1]).add_(1).pow_(3)


def _check_count(features: Tensor) -> None:
    if len(features) < MIN_SAMPLES:
        raise MetricError(
            f"kernel distance: {len(features)} samples; at least {MIN_SAMPLES} are needed"
        )


def _check_match(real: Tensor, real_row_sums: Tensor, fakes: Tensor) -> None:
    _check_count(real)
    if real.shape[1] != fakes.shape[1]:
        raise MetricError(
            f"kernel distance: fakes have {fakes.shape[1]} values each, reals {real.shape[1]}"
        )
    if real_row_sums.shape != (len(real),):
        raise MetricError(
            f"kernel distance: row sums of shape {tuple(real_row_sums.shape)} do not belong to "
            f"{len(real)} reals"
        )


def _overflow(*sides: Tensor) -> MetricError:
    largest = max(float(features.abs().max()) for features in sides)
    return MetricError(
        f"kernel distance: the cubed products of these features overflow (values reach "
        f"{largest:.3g}); scale the features down"
    )
