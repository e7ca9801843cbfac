from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def seeded() -> Iterator[None]:
    """Draw weights from a seed of its own, and leave the global one as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
