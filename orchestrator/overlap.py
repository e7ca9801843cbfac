"""Samples that stand on two sides which must have none in common."""

import numpy as np
from torch import Tensor

MOST_SHARED_FRAC = 0.01  # a few equal samples are usual in data as people collect them


def shared_frac(samples: Tensor, others: Tensor) -> float:
    """Return the share of N stored samples that stand, bit for bit, among M others."""
    known = set(_rows(others))
    return sum(row in known for row in _rows(samples)) / len(samples)


def _rows(samples: Tensor) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(samples.cpu().numpy())]
