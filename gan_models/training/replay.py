"""Experience replay: D goes on seeing fakes that G made long ago.

SimGAN's history of refined images (Shrivastava et al., 1612.07828, section 2.3) keeps D from
forgetting where G has been, so that G cannot circle between modes. As in CycleGAN's image pool, a
fake that goes into the full pool pushes out the one that D is shown in its place: every fake is
shown exactly once, some of them later, after ``capacity / num_replayed`` updates on average.
"""

import torch
from torch import Tensor

from gan_models.config import GanConfig


class FakePool:
    """Up to ``capacity`` former fakes on the device that made them, as D sees them.

    They are kept in float32, 4 bytes a value: rounded to uint8, D could tell them by the rounding.

    Args:
        capacity: a multiple of how many are exchanged at a time.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.fakes: Tensor | None = None

    @classmethod
    def wanted_by(cls, config: GanConfig) -> "FakePool | None":
        """Return an empty pool, or None where no fakes are replayed."""
        return cls(config.replay_capacity) if config.replay_frac else None

    def exchange_first(self, fakes: Tensor, places: Tensor) -> Tensor:
        """Exchange the first of a batch of fakes, as many as there are places."""
        fresh, others = fakes[: len(places)], fakes[len(places) :]
        return torch.cat([self.exchange(fresh, places), others])

    def exchange(self, fresh: Tensor, places: Tensor) -> Tensor:
        """Take in fresh fakes; return as many that D is to be shown for them.

        Until the pool is full that is the fresh ones themselves.

        Args:
            fresh: n x ``sample.shape``, without a graph.
            places: n different indices below ``capacity``.
        """
        if self.fakes is None:
            self.fakes = fresh.clone()
            return fresh
        if len(self.fakes) < self.capacity:
            self.fakes = torch.cat([self.fakes, fresh])
            return fresh
        former = self.fakes[places]
        self.fakes[places] = fresh
        return former
