"""Precision, recall, density and coverage from k-nearest-neighbour balls.

Precision and recall: Kynkäänniemi et al., 1904.06991. Density and coverage: Naeem et al.,
2002.09797. A ball reaches to the k-th nearest *other* sample of its own set and does not hold its
border (as the authors' ``prdc``). For fakes as good as real, density is 1 on average, and coverage
that of :func:`gan_models.metrics.perfect.perfect_coverage`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.errors import MetricError

DEFAULT_K = 5
_CHUNK_ROWS = 256  # a chunk of distances stays within the processor's cache, or nearly


@dataclass(frozen=True)
class NeighbourScores:
    """Shares in [0, 1], except density, which may exceed 1."""

    precision: float
    recall: float
    density: float
    coverage: float


def check_enough(num_samples: int, k: int, what: str) -> None:
    """Refuse sets in which a k-th nearest neighbour says nothing.

    Raises:
        MetricError: with the count and the minimum, if ``num_samples`` is below k + 2.
    """
    if num_samples < k + 2:
        raise MetricError(
            f"{what}: {num_samples} samples; at least {k + 2} are needed for k = {k} neighbours"
        )


def squared_radii(features: Tensor, k: int = DEFAULT_K) -> Tensor:
    """Return the squared distance of each sample to the k-th nearest other one (length n).

    Args:
        features: n x d float64.
        k: which neighbour.

    Raises:
        MetricError: if there are fewer than k + 2 samples.
    """
    check_enough(len(features), k, "nearest neighbours")
    centred = features - features.mean(dim=0)
    radii = []
    for start, distances in _squared_distances(centred, centred):
        rows = torch.arange(len(distances))
        # By index: rounding hides which entry is the sample itself when there are duplicates.
        distances[rows, start + rows] = torch.inf
        radii.append(distances.topk(k, dim=1, largest=False).values[:, -1])
    return torch.cat(radii)


def neighbour_scores(
    real: Tensor, real_squared_radii: Tensor, fakes: Tensor, *, k: int = DEFAULT_K
) -> NeighbourScores:
    """Score m x d fakes against n x d reals (float64), whose radii were computed with the same k.

    Raises:
        MetricError: if there are fewer than k + 2 fakes.
    """
    check_enough(len(fakes), k, "fakes")
    centre = real.mean(dim=0)
    fakes = fakes - centre
    fake_squared_radii = squared_radii(fakes, k)
    balls_around_fake = torch.zeros(len(fakes), dtype=torch.int64)
    num_covered = num_recalled = 0
    for start, distances in _squared_distances(real - centre, fakes):
        radii = real_squared_radii[start : start + len(distances), None]
        in_real_ball = distances < radii
        balls_around_fake += in_real_ball.sum(dim=0)
        num_covered += int(in_real_ball.any(dim=1).sum())
        num_recalled += int((distances < fake_squared_radii).any(dim=1).sum())
    return NeighbourScores(
        precision=int((balls_around_fake > 0).sum()) / len(fakes),
        recall=num_recalled / len(real),
        density=int(balls_around_fake.sum()) / (k * len(fakes)),
        coverage=num_covered / len(real),
    )


def _squared_distances(rows: Tensor, columns: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield (first row, chunk x m squared distances) over all rows.

    |a|² + |b|² − 2ab loses digits far from the origin: callers centre both sets.
    """
    column_norms = columns.square().sum(dim=1)
    for start in range(0, len(rows), _CHUNK_ROWS):
        chunk = rows[start : start + _CHUNK_ROWS]
        distances = torch.addmm(column_norms.expand(len(chunk), -1), chunk, columns.T, alpha=-2)
        yield start, distances.add_(chunk.square().sum(dim=1, keepdim=True)).clamp_(min=0)
