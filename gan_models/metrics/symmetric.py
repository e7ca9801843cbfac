"""Symmetric products and eigenvalues on the CPU, by numpy, which knows what symmetry saves."""

import numpy as np
import torch
from torch import Tensor


def gram(rows: Tensor) -> Tensor:
    """Return rowsᵀ rows (d x d) of n x d rows: half the work of a product of two matrices."""
    values = rows.numpy()
    return torch.from_numpy(values.T @ values)


def eigenvalues_of(symmetric: Tensor) -> Tensor:
    """Return the eigenvalues of a symmetric matrix, rising; those below zero are rounding: zero."""
    return torch.from_numpy(np.linalg.eigvalsh(symmetric.numpy())).clamp(min=0)
