"""A private Ray on this machine, for as long as it is needed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from cluster.environment import environment
from cluster.machine import usable_cpus, visible_gpus
from cluster.resources import Capacity
from cluster.session import ensure_unconnected, ray_session
from cluster.token import ensure_token_file, token_mode

OBJECT_STORE_BYTES = 150_000_000  # only small messages go through it; data is read by each trial
_RAYLET_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # out of memory, a trial is killed, and neither Ray nor this process
    "RAY_memory_monitor_refresh_ms": "250",
}


def local_capacity() -> Capacity:
    """Return what this process may use of this machine, as one node."""
    return Capacity(float(usable_cpus()), float(visible_gpus()))


@contextmanager
def local_ray(
    capacity: Capacity | None = None, *, worker_env: Mapping[str, str] | None = None
) -> Iterator[Capacity]:
    """Start a Ray that nobody else joins; shut it down on leaving.

    There is no dashboard, and a token is demanded of whoever reaches a port.

    Args:
        capacity: CPUs and GPUs to offer; what this process may use where None.
        worker_env: environment variables of every worker process.

    Raises:
        ClusterError: if Ray is already running in this process, or cannot be started.
    """
    ensure_unconnected()
    ensure_token_file()
    offered = local_capacity() if capacity is None else capacity
    started = ray_session(
        "no Ray could be started on this machine",
        worker_env,
        address="local",  # never whatever RAY_ADDRESS names
        num_cpus=int(offered.cpus),
        num_gpus=int(offered.gpus),
        include_dashboard=False,
        object_store_memory=OBJECT_STORE_BYTES,
    )
    with environment(_RAYLET_ENVIRONMENT), token_mode(), started:
        yield offered
