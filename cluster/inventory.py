"""The nodes of the cluster that this process is connected to, on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cluster.draining import draining_nodes
from cluster.errors import ClusterError
from cluster.placement import trials_by_node
from cluster.resources import Capacity


@dataclass(frozen=True, kw_only=True)
class Node:
    """One machine: what it has, what of that is free now, whether it is there, and who is on it."""

    id: str
    address: str
    cpus: float
    gpus: float
    free_cpus: float
    free_gpus: float
    is_alive: bool
    trials: tuple[str, ...] = ()
    name: str = ""  # where it was given one
    is_leaving: bool = False  # somebody has said that it is about to go


@dataclass(frozen=True)
class Inventory:
    """Every node that the cluster knows, dead ones included."""

    nodes: tuple[Node, ...]

    @property
    def capacity(self) -> Capacity:
        """What the live nodes have."""
        return Capacity.of_nodes(
            [Capacity(node.cpus, node.gpus) for node in self.nodes if node.is_alive]
        )

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data: the nodes, and the sums over the live ones."""
        live = [node for node in self.nodes if node.is_alive]
        return {
            "num_nodes": len(live),
            "cpus": self.capacity.cpus,
            "gpus": self.capacity.gpus,
            "free_cpus": sum(node.free_cpus for node in live),
            "free_gpus": sum(node.free_gpus for node in live),
            "nodes": [asdict(node) for node in self.nodes],
        }


def read_inventory() -> Inventory:
    """Ask the cluster for its nodes, sorted by address.

    Raises:
        ClusterError: if this process is connected to no cluster.
    """
    import ray
    from ray._private.state import available_resources_per_node

    if not ray.is_initialized():
        raise ClusterError("no cluster to list: start or join one first")
    free = available_resources_per_node()
    trials, leaving = trials_by_node(), draining_nodes()
    nodes = [
        _node(
            entry,
            free.get(entry["NodeID"], {}),
            trials.get(entry["NodeID"], []),
            is_leaving=entry["NodeID"] in leaving,
        )
        for entry in ray.nodes()
    ]
    return Inventory(tuple(sorted(nodes, key=lambda node: (node.address, node.id))))


def _node(
    entry: Mapping[str, Any], free: Mapping[str, float], trials: Sequence[str], *, is_leaving: bool
) -> Node:
    has = entry["Resources"]
    return Node(
        id=entry["NodeID"],
        address=entry["NodeManagerAddress"],
        cpus=has.get("CPU", 0.0),
        gpus=has.get("GPU", 0.0),
        free_cpus=free.get("CPU", 0.0),
        free_gpus=free.get("GPU", 0.0),
        is_alive=entry["Alive"],
        trials=tuple(trials),
        name=entry["NodeName"] if entry["NodeName"] != entry["NodeManagerAddress"] else "",
        is_leaving=entry["Alive"] and is_leaving,
    )
