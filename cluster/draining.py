"""Nodes that are about to go: whoever takes one away says so first, and work on it can move.

Ray hears of it from its autoscaler, or from :func:`drain_node`; it then places nothing there any
more. What runs goes on until it leaves by itself or the node is gone.
"""

import time
from math import inf
from typing import Any

from cluster.errors import ClusterError

_ASKED_BY = "DRAIN_NODE_REASON_PREEMPTION"


def draining_nodes() -> dict[str, float]:
    """Return when each node that is about to go will be gone, in seconds since the epoch, by id.

    Infinity where nobody said when. Works in the driver and in workers.
    """
    from ray._private.state import state

    deadlines_ms = state.get_draining_nodes()
    return {node: at_ms / 1000 if at_ms else inf for node, at_ms in deadlines_ms.items()}


def staying_nodes() -> list[dict[str, Any]]:
    """Return the live nodes that are not about to go, as ``ray.nodes()`` describes them."""
    import ray

    leaving = draining_nodes()
    return [node for node in ray.nodes() if node["Alive"] and node["NodeID"] not in leaving]


def is_this_node_draining() -> bool:
    """Say whether the node of this process is about to go."""
    import ray

    return ray.get_runtime_context().get_node_id() in draining_nodes()


def drain_node(node_id: str, *, reason: str, within_s: float | None = None) -> None:
    """Announce that a node of the cluster that this process is connected to will go.

    Args:
        node_id: in hex.
        reason: for people.
        within_s: when it will be gone, from now; None if that is not known.

    Raises:
        ClusterError: if the node is not known or has gone already, or Ray refuses.
    """
    import ray
    from ray._raylet import GcsClient  # type: ignore[attr-defined]
    from ray.core.generated import autoscaler_pb2

    if all(node["NodeID"] != node_id or not node["Alive"] for node in ray.nodes()):
        raise ClusterError(f"node {node_id}: not a live node of this cluster")
    gcs = GcsClient(address=ray.get_runtime_context().gcs_address)
    cause = autoscaler_pb2.DrainNodeReason.Value(_ASKED_BY)  # type: ignore[attr-defined]
    deadline_ms = 0 if within_s is None else round(1000 * (time.time() + within_s))
    is_accepted, refusal = gcs.drain_node(node_id, cause, reason, deadline_ms)
    if not is_accepted:
        raise ClusterError(f"node {node_id}: cannot be drained: {refusal}")
