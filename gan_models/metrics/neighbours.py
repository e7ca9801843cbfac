"""Precision, recall, density and coverage from k-nearest-neighbour balls.

Precision and recall: Kynkäänniemi et al., 1904.06991. Density and coverage: Naeem et al.,
2002.09797. A ball reaches to the k-th nearest *other* sample of its own set and does not hold its
border (as the authors' ``prdc``). For fakes as good as real, density is 1 on average, and coverage
that of :func:`gan_models.metrics.perfect.perfect_coverage`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.distances import distance_blocks, k_nearest

DEFAULT_K = 5


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
    """Return the squared distance of each sample to the k-th nearest other one (length n, float64).

    Args:
        features: n x d, float32 or float64; only read.
        k: which neighbour.

    Raises:
        MetricError: if there are fewer than k + 2 samples, or a value is not finite.
    """
    check_enough(len(features), k, "nearest neighbours")
    return k_nearest(features, None, k).squared_distances[:, -1]


def neighbour_scores(
    real: Tensor, real_squared_radii: Tensor, fakes: Tensor, *, k: int = DEFAULT_K
) -> NeighbourScores:
    """Score m x d fakes against n x d reals, whose radii were computed with the same k.

    Features are float32 or float64 and only read; the counts are those of float64 either way.

    Raises:
        MetricError: if there are fewer than k + 2 fakes, if they and the reals have not as many
            values each, or if a value is not finite.
    """
    check_enough(len(fakes), k, "fakes")
    fake_squared_radii = squared_radii(fakes, k)
    balls_around_fake = torch.zeros(len(fakes), dtype=torch.int64)
    start = num_covered = num_recalled = 0
    for block in distance_blocks(real, fakes):
        real_radii = real_squared_radii[start : start + len(block)]
        in_real_ball = block.closer_than(real_radii[:, None])
        balls_around_fake += in_real_ball.columns.bincount(minlength=len(fakes))
        num_covered += len(in_real_ball.rows.unique())
        num_recalled += len(block.closer_than(fake_squared_radii[None, :]).rows.unique())
        start += len(block)
    return NeighbourScores(
        precision=int((balls_around_fake > 0).sum()) / len(fakes),
        recall=num_recalled / len(real),
        density=int(balls_around_fake.sum()) / (k * len(fakes)),
        coverage=num_covered / len(real),
    )
