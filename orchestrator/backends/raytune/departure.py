"""When trials must leave their places: their node is about to go, or the sweep has to stop.

The driver cannot reach into a worker that trains. So each worker looks for itself, whenever its
trial gives a sign of life.
"""

import ray
from ray.experimental.internal_kv import _internal_kv_del, _internal_kv_get, _internal_kv_put

from cluster.draining import is_this_node_draining


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
