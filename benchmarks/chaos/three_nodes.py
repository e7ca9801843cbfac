"""Three Ray nodes on this machine for as long as they are needed, without a token."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cluster.environment import environment

_OPEN = {  # whoever reaches these ports runs code here: they listen for a test's minutes
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "0",
}
_STORE_BYTES = 80_000_000


@contextmanager
def three_nodes(*, cpus_each: int = 1) -> Iterator[str]:
    """Start a head without CPUs and two nodes; yield the address, and end them all."""
    with (
        environment(_OPEN | {"PYTHONPATH": os.getcwd()}),
        tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder,
    ):
        from ray.cluster_utils import Cluster

        head = {"num_cpus": 0, "include_dashboard": False, "dashboard_port": 0, "temp_dir": folder}
        shared: dict[str, Any] = {
            "dashboard_agent_listen_port": 0,
            "object_store_memory": _STORE_BYTES,
        }
        cluster = Cluster(initialize_head=True, head_node_args=head | shared)
        try:
            for _ in range(2):
                cluster.add_node(num_cpus=cpus_each, **shared)
            yield cluster.address
        finally:
            cluster.shutdown()
