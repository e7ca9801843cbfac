"""Lower and upper bounds of squared distances from matrix products, which rounding cannot break.

Samples are moved by a common centre, scaled by a power of two and rounded, to a and b. With unit
roundoff u, whatever the order of summation, the error of |a|² + |b|² − 2ab is below
(d + 11) u (|a|² + |b|²) to first order: d from the product of d terms (Higham, Accuracy and
Stability of Numerical Algorithms, 3.1, and 2|a||b| ≤ |a|² + |b|²), 4 from rounding a and b, 7 from
norms, sums and thresholds. A sum of squared differences in float64, with which the bounds must
agree, has an error of its own: at most 2 (d + 2) u. 4 (d + 16) u covers all of it, and the higher
orders for any d below a million.
"""

from dataclasses import dataclass
from math import frexp, isfinite
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gan_models.errors import MetricError

CHUNK_VALUES = 2**16  # of samples in float64 at a time: 512 kB, within a core's cache
_LARGEST = 1e150  # its square is finite


class Pairs(NamedTuple):
    """Rows and columns of a matrix of distances: one entry of each per pair."""

    rows: Tensor
    columns: Tensor


@dataclass(frozen=True)
class Points:
    """Samples in a frame, rounded, and the float64 squared norms of what was rounded."""

    values: Tensor
    squared_norms: Tensor


@dataclass(frozen=True)
class Frame:
    """Where samples are moved before products: norms near the distances keep bounds narrow."""

    centre: Tensor
    scale: float

    @classmethod
    def of(cls, rows: Tensor, columns: Tensor) -> "Frame":
        """Return a frame around the mean of n x d rows that holds m x d columns too.

        Raises:
            MetricError: if a value is not finite or beyond 1e150.
        """
        total = torch.zeros(rows.shape[1], dtype=torch.float64)
        for chunk in _chunks(rows):
            total += chunk.double().sum(dim=0)
        centre = total / len(rows)
        reach = _reach(rows, centre)
        if columns is not rows:
            reach = max(reach, _reach(columns, centre))
        # Neither overflow nor underflow then, in float32, of anything that matters.
        return cls(centre, 2.0 ** -max(-500, frexp(reach)[1]))

    def place(self, features: Tensor, dtype: torch.dtype) -> Points:
        """Move n x d features into the frame, in float64, and round them to ``dtype``."""
        values = torch.empty(features.shape, dtype=dtype)
        squared_norms = torch.empty(len(features), dtype=torch.float64)
        start = 0
        for chunk in _chunks(features):
            part = slice(start, start + len(chunk))
            values[part] = chunk.double().sub(self.centre).mul_(self.scale)
            squared_norms[part] = values[part].double().square().sum(dim=1)
            start += len(chunk)
        return Points(values, squared_norms)


@dataclass(frozen=True)
class Bounds:
    """In a frame, lower + row_terms[:, None] is a lower bound of the squared distances.

    ``lower`` (rows x columns) has the type of the products; the rest is float64. Upper bounds are
    higher by the sum of the row's and the column's width.
    """

    lower: Tensor
    row_terms: Tensor
    row_widths: Tensor
    column_widths: Tensor

    def possible(self, squared_radii: Tensor) -> Pairs:
        """Return the pairs that may be closer than a radius (rows x 1, or 1 x columns)."""
        # Nothing is closer than zero: spares all pairs of a generator that repeats one sample.
        radii = squared_radii.masked_fill(squared_radii == 0, -torch.inf)
        lower, reach = self.lower, -self.row_terms[:, None]
        if radii.shape[0] == 1:
            lower = lower - radii.to(lower)
        else:
            reach = reach + radii
        found = np.flatnonzero((lower < reach.to(lower)).numpy())  # torch's is far slower
        return Pairs(*map(torch.from_numpy, np.divmod(found, lower.shape[1])))

    def upper(self, pairs: Pairs) -> Tensor:
        """Return upper bounds of these pairs' squared distances, float64."""
        rows, columns = pairs
        widths = self.row_widths[rows] + self.column_widths[columns]
        return self.lower[rows, columns].double() + self.row_terms[rows] + widths


def bound(rows: Points, columns: Points, first: int | None) -> Bounds:
    """Bound all distances in a frame; ``first`` is the column that is the first row itself."""
    num_dims = columns.values.shape[1]
    precision = torch.finfo(columns.values.dtype)
    slack = 2 * (num_dims + 16) * precision.eps  # eps is 2 u
    underflow = (num_dims + 16) * 64 * precision.tiny
    column_terms = ((1 - slack) * columns.squared_norms).to(columns.values)
    lower = torch.addmm(
        column_terms.expand(len(rows.values), -1), rows.values, columns.values.T, alpha=-2
    )
    if first is not None:
        # By index: rounding hides which entry is the sample itself when there are duplicates.
        lower.diagonal(first).fill_(torch.inf)
    return Bounds(
        lower,
        row_terms=(1 - slack) * rows.squared_norms - underflow,
        row_widths=2 * slack * rows.squared_norms + 2 * underflow,
        column_widths=2 * slack * columns.squared_norms,
    )


def _reach(features: Tensor, centre: Tensor) -> float:
    largest = [(chunk.double() - centre).abs_().max() for chunk in _chunks(features)]
    reach = float(torch.stack(largest).max())  # NaN if any is
    if not (isfinite(reach) and reach < _LARGEST):
        raise MetricError(
            f"features reach {reach:g}: distances need finite values below {_LARGEST:g}"
        )
    return reach


def _chunks(features: Tensor) -> tuple[Tensor, ...]:
    chunks: tuple[Tensor, ...] = features.split(max(1, CHUNK_VALUES // features.shape[1]))
    return chunks
