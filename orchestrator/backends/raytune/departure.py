"""When trials must leave their places: their node is about to go, or the sweep has to stop.

The driver cannot reach into a worker that trains. So each worker looks for itself, whenever its
trial gives a sign of life.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import ray
from ray import tune
from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_put
from ray.tune.experiment import Trial

from cluster.draining import is_this_node_draining
from orchestrator.search import Search
from orchestrator.signals import Terminated, stop_asked

GRACE_S = 25.0  # a sign of life comes every 5 s; Kubernetes waits for 30


class Departure(tune.Callback):
    """Lets all trials save and leave, once a stop of the sweep was asked for.

    Args:
        search: says which trials run.
        grace_s: after which trials that have not left by then are ended where they are.
    """

    def __init__(self, search: Search, *, grace_s: float = GRACE_S) -> None:
        self._search, self._grace_s = search, grace_s
        self._began_s: float | None = None
        self._has_asked = False

    def on_step_begin(self, iteration: int, trials: Sequence[Trial], **_: Any) -> None:
        """Ask the trials to leave when it is time. Called ten times a second.

        Raises:
            Terminated: when none runs any more, or the grace is over.
        """
        if not stop_asked():
            return
        if self._began_s is None:
            self._began_s = time.monotonic()
        if not self._has_asked:
            with suppress(Exception):  # whatever Ray raises while its head is away: next time
                ask_all_to_leave()
                self._has_asked = True
        if not self._search.running or time.monotonic() - self._began_s > self._grace_s:
            raise Terminated(stop_asked())

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Tune writes its callbacks down, and would the search with them


def must_leave() -> bool:
    """Say in a worker whether its trial is to save its state and to leave.

    False where Ray cannot be asked: a head that comes back is no reason to leave.
    """
    if not ray.is_initialized():
        return False
    try:
        return _internal_kv_get(_key()) is not None or is_this_node_draining()
    except Exception:  # whatever Ray raises while its head is away
        return False


def ask_all_to_leave() -> None:
    """Let all trials of this driver leave at their next sign of life."""
    _internal_kv_put(_key(), b"1")


def take_back() -> None:
    """Let trials stay that begin from now on."""
    _internal_kv_del(_key())


def _key() -> bytes:
    return f"ganorch:leave:{ray.get_runtime_context().get_job_id()}".encode()
