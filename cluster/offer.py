"""What trials may ask a cluster for: what its nodes have, or what it grows to by demand."""

from cluster.draining import draining_nodes
from cluster.inventory import read_inventory
from cluster.resources import Capacity

_MANY = 1000  # nodes of a group that may grow without a limit


def offered_capacity() -> Capacity:
    """Return what the cluster of this process offers to trials.

    Where an autoscaler adds nodes that is what it may grow to, for trials that wait are the demand
    by which it does. Elsewhere it is what the live nodes have that are not about to go.

    Raises:
        ClusterError: if this process is connected to no cluster.
    """
    live = read_inventory()  # says clearly if there is none
    grown = _grown_nodes()
    if grown:
        return Capacity.of_nodes(grown)
    leaving = draining_nodes()
    stay = [node for node in live.nodes if node.is_alive and node.id not in leaving]
    return Capacity.of_nodes([Capacity(node.cpus, node.gpus) for node in stay])


def _grown_nodes() -> list[Capacity]:
    """Return every node that the autoscaler's groups may have; none without an autoscaler."""
    from ray._private.state import state

    config = state.get_cluster_config()
    groups = [] if config is None else config.node_group_configs
    return [
        Capacity(float(group.resources.get("CPU", 0)), float(group.resources.get("GPU", 0)))
        for group in groups
        for _ in range(_MANY if group.max_count < 0 else group.max_count)
    ]
