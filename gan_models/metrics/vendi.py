"""Vendi score: how many samples a set is worth, going by how unlike they are to each other.

exp of the entropy of the eigenvalues of K / n (Friedman & Dieng, 2210.02410, definition 3.1), K
being the cosine similarity of features. It needs no reals: 1 for n copies of a sample, n for n
orthogonal ones. It grows with n, so compare only at equal n.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from gan_models.errors import MetricError

_CHUNK_ROWS = 4096


def vendi_score(features: Tensor) -> float:
    """Return the Vendi score, between 1 and n, of n x d features (finite; computed in float64).

    Features that are all zero have no direction. They count as copies of each other, and as
    orthogonal to all others.

    Raises:
        MetricError: if there are no samples.
    """
    n, d = features.shape
    if n == 0:
        raise MetricError("Vendi score: there are no samples")
    similarity = _moments(features) if d < n else _gram(features)
    zeros = (features == 0).all(dim=1).sum().double()
    eigenvalues = torch.cat([torch.linalg.eigvalsh(similarity), zeros[None]]).clamp(min=0)
    return float(torch.special.entr(eigenvalues / n).sum().exp())


def _moments(features: Tensor) -> Tensor:
    """Return Σ x xᵀ of the n directions x (d x d): it has the non-zero eigenvalues of K."""
    dim = features.shape[1]
    total = torch.zeros(dim, dim, dtype=torch.float64)
    for directions in _directions(features):
        total.addmm_(directions.T, directions)
    return total


def _gram(features: Tensor) -> Tensor:
    """Return K (n x n)."""
    directions = torch.cat(list(_directions(features)))
    return directions @ directions.T


def _directions(features: Tensor) -> Iterator[Tensor]:
    """Yield chunks of rows of length 1, and 0 for zeros."""
    for chunk in features.split(_CHUNK_ROWS):
        rows = chunk.double()
        # The largest value first: squares of very small or very large ones leave float64.
        largest = rows.abs().amax(dim=1, keepdim=True)
        rows = rows / torch.where(largest > 0, largest, 1)
        yield torch.nn.functional.normalize(rows)
