"""Samples that stand on two sides which must have none in common."""

from hashlib import blake2b

import numpy as np
from torch import Tensor

MOST_SHARED_FRAC = 0.01  # a few equal samples are usual in data as people collect them


def shared_frac(samples: Tensor, others: Tensor) -> float:
    """Return the share of N stored samples that stand, bit for bit, among M others."""
    known = set(_digests(others))
    return sum(digest in known for digest in _digests(samples)) / len(samples)


def _digests(samples: Tensor) -> list[bytes]:
    """Return 16 bytes for each sample, which may itself be large."""
    rows = np.ascontiguousarray(samples.cpu().numpy())
    return [blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
