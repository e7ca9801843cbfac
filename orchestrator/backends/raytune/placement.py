"""What Ray reserves for one attempt at a trial, and on which nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

from ray import tune

from orchestrator.trial.spec import Placement

_NODE_ID = "ray.io/node-id"  # a label that Ray gives to every node


def reservation(
    placement: Placement, *, cpus: float, gpus: float, nodes: Sequence[Mapping[str, Any]]
) -> tune.PlacementGroupFactory:
    """Return what to reserve.

    Args:
        placement: what the trial's lost attempts ask for.
        cpus: of one trial.
        gpus: of one trial; a share becomes a whole one where it was not enough.
        nodes: of the cluster, as ``ray.nodes()`` lists them. Nodes to avoid are not avoided where
            no other one that is alive has room for a trial; one that is gone is not preferred.
    """
    whole = 1.0 if placement.needs_whole_gpu and gpus > 0 else 0.0
    bundle = {"CPU": cpus, "GPU": max(gpus, whole)}
    others = [
        node for node in nodes if node["Alive"] and node["NodeID"] not in placement.avoided_nodes
    ]
    if any(node["NodeID"] == placement.preferred_node for node in others):
        preferred = {"_soft_target_node_id": placement.preferred_node}  # with this strategy alone
        return tune.PlacementGroupFactory([bundle], strategy="STRICT_PACK", **preferred)
    if not placement.avoided_nodes or not any(_has_room(node, bundle) for node in others):
        return tune.PlacementGroupFactory([bundle])
    elsewhere = {_NODE_ID: f"!in({','.join(placement.avoided_nodes)})"}
    return tune.PlacementGroupFactory([bundle], bundle_label_selector=[elsewhere])


def _has_room(node: Mapping[str, Any], bundle: Mapping[str, float]) -> bool:
    offered = node["Resources"]
    return all(offered.get(name, 0.0) >= amount for name, amount in bundle.items())
