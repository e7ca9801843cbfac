"""How many trials a cluster holds now: nodes join it and leave it while a sweep runs."""

import time
from collections.abc import Callable

from cluster.errors import ClusterError
from cluster.resources import Capacity, TrialResources, concurrent_trials

_LOOK_EVERY_S = 2.0


class Slots:
    """Counts the trials that fit; looks again every two seconds.

    Args:
        per_trial: what one trial occupies.
        limit: how many may run at once; None for as many as fit.
        read_capacity: says what there is now.
        clock: counts seconds.
    """

    def __init__(
        self,
        per_trial: TrialResources,
        limit: int | None,
        *,
        read_capacity: Callable[[], Capacity],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_trial, self._limit = per_trial, limit
        self._read_capacity, self._clock = read_capacity, clock
        self._next_look_s = -1.0
        self._count = 0

    def __call__(self) -> int:
        """Return how many trials may run at once now; 0 while no node holds one."""
        if self._clock() >= self._next_look_s:
            self._next_look_s = self._clock() + _LOOK_EVERY_S
            self._count = self._fitting()
        return self._count

    def _fitting(self) -> int:
        try:
            return concurrent_trials(self._read_capacity(), self._per_trial, self._limit)
        except ClusterError:  # the nodes that could are gone for now
            return 0
