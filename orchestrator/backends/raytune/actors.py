"""Tune's actors, whose deaths are told with their reason and take no other one down.

Tune 2.60 ends the whole ``fit`` when Ray's memory monitor kills one worker: its error is neither
of the two that the actor manager knows. Of other deaths it tells the scheduler without the error.

Nor does it end what never comes up. Where a head dies while a node begins to start a worker, the
order may be lost: the actor stays pending for ever, in a place that nobody else gets.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import ray
from ray.air.execution._internal import RayActorManager
from ray.exceptions import OutOfMemoryError
from ray.tune.execution import tune_controller

from orchestrator.backends.raytune.fault import KilledForMemory, NeverStarted

START_PATIENCE_S = 300.0  # packages may come from far


class MonitoredActors(RayActorManager):
    """Takes a worker that was killed for its memory for what it is: a dead actor.

    One that neither starts nor stops in time is killed.

    Attributes:
        present_error: why the worker ended whose end Tune is being told; None at other times.
        start_patience_s: how long a worker that has its place may take to start, or to stop.
    """

    present_error: Exception | None = None
    start_patience_s = START_PATIENCE_S

    def __init__(self, resource_manager: Any) -> None:
        super().__init__(resource_manager)
        self._changing_since_s: dict[Any, float] = {}
        self._overdue: set[Any] = set()

    def next(self, timeout: float | None = None) -> bool:
        """Do what an actor manager does, several times a second; see to those that are overdue."""
        self._kill_overdue()
        return super().next(timeout)

    def _kill_overdue(self) -> None:
        now_s, live = time.monotonic(), self._live_actors_to_ray_actors_resources
        changing = [each for each in live if self._tracked_actors_to_state_futures.get(each)]
        since_s = {each: self._changing_since_s.get(each, now_s) for each in changing}
        self._changing_since_s = since_s
        for each in changing:
            if now_s - since_s[each] > self.start_patience_s and each not in self._overdue:
                self._overdue.add(each)
                ray.kill(live[each][0])

    def _actor_start_failed(self, tracked_actor: Any, exception: Exception) -> None:
        if tracked_actor in self._overdue:
            exception = NeverStarted(self.start_patience_s)
        with self._telling(exception) as error:
            super()._actor_start_failed(tracked_actor, error)

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        with self._telling(exception) as error:
            super()._actor_task_failed(tracked_actor_task, error)

    @contextmanager
    def _telling(self, exception: Exception) -> Iterator[Exception]:
        is_for_memory = isinstance(exception, OutOfMemoryError)
        self.present_error = KilledForMemory(str(exception)) if is_for_memory else exception
        try:
            yield self.present_error
        finally:
            self.present_error = None


@contextmanager
def monitored_actors() -> Iterator[None]:
    """Let Tune's controllers that are made within manage their actors so."""
    with patch.object(tune_controller, "RayActorManager", MonitoredActors):
        yield


def present_error(controller: Any) -> Exception | None:
    """Return why the worker ended whose end a controller is being told; None if that is not known.

    Args:
        controller: of Tune, made within :func:`monitored_actors`.
    """
    actors = getattr(controller, "_actor_manager", None)
    return getattr(actors, "present_error", None)
