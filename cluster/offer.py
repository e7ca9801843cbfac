"""What trials may ask a cluster for: what its nodes have, or what it grows to by demand."""

from collections.abc import Mapping

from cluster.draining import staying_nodes
from cluster.errors import ClusterError
from cluster.resources import Capacity

_MANY = 1000  # nodes of a group that may grow without a limit


def offered_capacity() -> Capacity:
    """Return what the cluster of this process offers to trials.

    Where an autoscaler adds nodes that is what it may grow to, for trials that wait are the demand
    by which it does. Elsewhere it is what the live nodes have that are not about to go.

    Raises:
        ClusterError: if this process is connected to no cluster.
    """
    import ray

    if not ray.is_initialized():
        raise ClusterError("no cluster to ask: start or join one first")
    grown = _grown_nodes()
    if grown:
        return Capacity.of_nodes(grown)
    return Capacity.of_nodes([_capacity(node["Resources"]) for node in staying_nodes()])


def _grown_nodes() -> list[Capacity]:
    """Return every node that the autoscaler's groups may have; none without an autoscaler."""
    from ray._private.state import state

    config = state.get_cluster_config()
    groups = [] if config is None else config.node_group_configs
    return [
        _capacity(group.resources)
        for group in groups
        for _ in range(_MANY if group.max_count < 0 else group.max_count)
    ]


def _capacity(resources: Mapping[str, float]) -> Capacity:
    return Capacity(float(resources.get("CPU", 0)), float(resources.get("GPU", 0)))
