"""When nothing runs though there is work: it is told, and what waits for a lost place is freed."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from ray import tune
from ray.tune.experiment import Trial

from cluster.draining import staying_nodes
from orchestrator.search import Search
from orchestrator.signals import stop_asked

PATIENCE_S = 60.0  # a first worker may take as long to start


class StrandedError(Exception):
    """A trial waits for a node that no longer exists; whoever places it anew frees it."""


class Standstill(tune.Callback):
    """Looks whether trials run; tells once of each time in which none did for long.

    Args:
        search: is told.
        reserve: says what would be reserved now for the trial that has a Tune config.
        patience_s: how long nothing has to run.
        clock: counts seconds.
    """

    def __init__(
        self,
        search: Search,
        reserve: Callable[[dict[str, Any]], tune.PlacementGroupFactory],
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._search, self._reserve = search, reserve
        self._patience_s, self._clock = patience_s, clock
        self._began_s: float | None = None
        self._is_told = False

    def on_step_begin(self, iteration: int, trials: Sequence[Trial], **_: Any) -> None:
        """Look. Called ten times a second.

        Raises:
            StrandedError: if a trial waits for a node that is gone; Tune ends, and begins anew.
        """
        is_running = any(trial.status == Trial.RUNNING for trial in trials)
        if is_running or self._search.is_over or stop_asked():
            self._began_s, self._is_told = None, False
            return
        self._began_s = self._clock() if self._began_s is None else self._began_s
        if self._is_told or self._clock() - self._began_s < self._patience_s:
            return
        self._is_told = True
        waiting = [trial for trial in trials if trial.status == Trial.PENDING]
        if any(trial.placement_group_factory != self._reserve(trial.config) for trial in waiting):
            raise StrandedError("a trial waited for a place that is gone")
        self._search.announce(
            "waiting",
            f"no trial has run for {self._patience_s:g} s; {len(waiting)} wait for a place on the "
            f"{len(staying_nodes())} nodes that there are",
        )

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune writes its callbacks down, and would the search with them
