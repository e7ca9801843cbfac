"""Squared distances that compare as those of float64 do, at nearly the price of float32.

Matrix products take almost all the time of a search for neighbours. In float32 they take half of
it, but rounding then turns close comparisons. So products only bound each distance from both
sides, and the few pairs that the bounds leave open are computed again, in float64, as sums of
squared differences: these lose no digits far from the origin, are exactly zero for duplicates,
and depend on nothing but the two samples, so that equal distances compare as equal.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.distance_bounds import CHUNK_VALUES, Bounds, Frame, Pairs, bound

_BLOCK_PAIRS = 2**21  # of one block: 8 MB of float32
_OPEN_FRAC = 1 / 32  # beyond, a float64 product costs less than as many single pairs


class Nearest(NamedTuple):
    """The k nearest of each query, nearest first: float64 squared distances and indices, n x k."""

    squared_distances: Tensor
    indices: Tensor


class DistanceBlock:
    """Some rows' distances to all columns, which answer comparisons exactly.

    Rows of pairs are counted from the block's first one.
    """

    def __init__(
        self, rows: Tensor, columns: Tensor, bounds: Bounds, frame: Frame, first: int | None
    ) -> None:
        self._rows = rows
        self._columns = columns
        self._bounds = bounds
        self._frame = frame
        self._first = first  # the column that is the first row itself; None for two sets

    def __len__(self) -> int:
        return len(self._rows)

    def closer_than(self, squared_radii: Tensor) -> Pairs:
        """Return the pairs whose squared distance is below a radius, borders left out.

        Args:
            squared_radii: float64; rows x 1, or 1 x columns.
        """
        bounds = self._bounds
        rows, columns = pairs = bounds.possible(squared_radii * self._frame.scale**2)
        radii = squared_radii.expand(bounds.lower.shape)[pairs]
        closer = bounds.upper(pairs) < radii * self._frame.scale**2
        is_open = ~closer
        if self._too_many(int(is_open.sum())):
            return self._in_float64().closer_than(squared_radii)
        settled = self._exact(Pairs(rows[is_open], columns[is_open]))
        closer[is_open] = settled < radii[is_open]
        return Pairs(rows[closer], columns[closer])

    def nearest(self, k: int) -> Nearest:
        """Return the k nearest columns of each row; of equal k-th ones any, always the same."""
        likely = self._bounds.lower.topk(k, dim=1, largest=False).indices
        every_row = torch.arange(len(self)).repeat_interleave(k)
        distances = self._exact(Pairs(every_row, likely.flatten())).view(len(self), k)
        reach = distances.amax(dim=1, keepdim=True) * self._frame.scale**2
        missed = self._others(self._bounds.possible(reach), likely)
        if self._too_many(len(missed.rows)):
            return self._in_float64().nearest(k)
        more_distances, more_columns = _ragged(missed, self._exact(missed), len(self))
        distances = torch.cat([distances, more_distances], dim=1)
        nearest, order = distances.topk(k, dim=1, largest=False)
        return Nearest(nearest, torch.cat([likely, more_columns], dim=1).gather(1, order))

    def _others(self, pairs: Pairs, taken: Tensor) -> Pairs:
        """Leave out the columns that each row (rows x any) has already."""
        num_columns = len(self._columns)
        starts = torch.arange(len(self))[:, None] * num_columns
        is_new = ~torch.isin(pairs.rows * num_columns + pairs.columns, starts + taken)
        return Pairs(pairs.rows[is_new], pairs.columns[is_new])

    def _exact(self, pairs: Pairs) -> Tensor:
        distances = torch.empty(len(pairs.rows), dtype=torch.float64)
        num_pairs = max(1, CHUNK_VALUES // self._rows.shape[1])
        for start in range(0, len(distances), num_pairs):
            part = slice(start, start + num_pairs)
            ours = self._rows.index_select(0, pairs.rows[part]).double()
            theirs = self._columns.index_select(0, pairs.columns[part]).double()
            distances[part] = ours.sub_(theirs).square_().sum(dim=1)
        return distances

    def _too_many(self, num_open: int) -> bool:
        lower = self._bounds.lower
        return lower.dtype != torch.float64 and num_open > _OPEN_FRAC * lower.numel()

    def _in_float64(self) -> "DistanceBlock":
        rows = self._frame.place(self._rows, torch.float64)
        columns = self._frame.place(self._columns, torch.float64)
        bounds = bound(rows, columns, self._first)
        return DistanceBlock(self._rows, self._columns, bounds, self._frame, self._first)


def check_widths(rows: Tensor, columns: Tensor) -> None:
    """Refuse samples of different feature spaces.

    Raises:
        MetricError: with both widths.
    """
    if rows.shape[1] != columns.shape[1]:
        raise MetricError(
            f"features of {rows.shape[1]} and of {columns.shape[1]} values each have no distance"
        )


def distance_blocks(rows: Tensor, columns: Tensor | None) -> Iterator[DistanceBlock]:
    """Yield the distances of n x d rows to m x d columns, a block of rows after the other.

    Args:
        rows: of any floating type; only read.
        columns: alike; None means the rows, each of which is infinitely far from itself.

    Raises:
        MetricError: if the widths differ, or a value is not finite or beyond 1e150.
    """
    others = rows if columns is None else columns
    check_widths(rows, others)
    frame = Frame.of(rows, others)
    placed = frame.place(others, torch.float32)
    num_rows = max(1, _BLOCK_PAIRS // len(others))
    for start in range(0, len(rows), num_rows):
        block_rows = rows[start : start + num_rows]
        first = start if columns is None else None
        bounds = bound(frame.place(block_rows, torch.float32), placed, first)
        yield DistanceBlock(block_rows, others, bounds, frame, first)


def k_nearest(queries: Tensor, base: Tensor | None, k: int) -> Nearest:
    """Return the k nearest base samples of each query, exactly.

    Of equally distant k-th ones any is taken, always the same.

    Args:
        queries: n x d, of any floating type; only read.
        base: m x d, alike; None means the other queries.
        k: how many.

    Raises:
        MetricError: if the base has fewer than k samples, or as :func:`distance_blocks`.
    """
    num_others = len(queries) - 1 if base is None else len(base)
    if num_others < k:
        raise MetricError(f"the {k} nearest of {num_others} samples: there are not so many")
    blocks = [block.nearest(k) for block in distance_blocks(queries, base)]
    distances, indices = zip(*blocks, strict=True)
    return Nearest(torch.cat(distances), torch.cat(indices))


def nearest_squared_distances(queries: Tensor, base: Tensor) -> Tensor:
    """Return each query's squared distance to the nearest base sample: length n, float64, exact.

    Raises:
        MetricError: as :func:`k_nearest`.
    """
    return k_nearest(queries, base, 1).squared_distances[:, 0]


def _ragged(pairs: Pairs, distances: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Lay each row's distances and columns side by side, filled up with infinity and 0."""
    counts = pairs.rows.bincount(minlength=num_rows)
    places = torch.arange(len(pairs.rows)) - (counts.cumsum(0) - counts)[pairs.rows]
    width = int(counts.max())
    all_distances = torch.full((num_rows, width), torch.inf, dtype=torch.float64)
    all_columns = torch.zeros((num_rows, width), dtype=torch.int64)
    all_distances[pairs.rows, places] = distances
    all_columns[pairs.rows, places] = pairs.columns
    return all_distances, all_columns
