"""Groups of samples that are judged together, in a batch of any size."""

import torch
from torch import Tensor


def in_groups(batch: Tensor, size: int) -> Tensor:
    """Cut a batch into groups of neighbours; the first samples fill up a last one that is short.

    Training batches are multiples of ``size`` (``GanConfig`` sees to it). Filling lets D be
    evaluated on any number of samples: a few then count twice, and below ``size`` samples a group
    holds copies, which look like a collapse.

    Args:
        batch: N x anything, N > 0.
        size: samples in a group.

    Returns:
        ⌈N / size⌉ x ``size`` x anything.
    """
    missing = -len(batch) % size
    if missing:
        again = torch.arange(missing, device=batch.device) % len(batch)
        batch = torch.cat([batch, batch[again]])
    return batch.reshape(-1, size, *batch.shape[1:])
