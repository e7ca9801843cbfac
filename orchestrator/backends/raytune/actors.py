"""Tune's actors, whose deaths are told with their reason and take no other one down.

Tune 2.60 ends the whole ``fit`` when Ray's memory monitor kills one worker: its error is neither
of the two that the actor manager knows. Of other deaths it tells the scheduler without the error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ray.air.execution._internal import RayActorManager
from ray.exceptions import OutOfMemoryError
from ray.tune.execution import tune_controller

from orchestrator.backends.raytune.fault import KilledForMemory


class MonitoredActors(RayActorManager):
    """Takes a worker that was killed for its memory for what it is: a dead actor.

    Attributes:
        present_error: why the worker ended whose end Tune is being told; None at other times.
    """

    present_error: Exception | None = None

    def _actor_start_failed(self, tracked_actor: Any, exception: Exception) -> None:
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
