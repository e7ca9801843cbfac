"""The share of the cores that linear algebra may take."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import threadpool_limits


@contextmanager
def pinned_threads(num_threads: int) -> Iterator[None]:
    """Keep torch and every BLAS to ``num_threads`` threads; what was set before comes back.

    Concurrent trials that each take all cores slow each other down (docs/metrics.md). One thread
    also fixes the order of every sum, which makes float results bit-identical from run to run.
    """
    before = torch.get_num_threads()
    with threadpool_limits(num_threads):
        torch.set_num_threads(num_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
