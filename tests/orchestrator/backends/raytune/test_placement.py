from typing import Any

import pytest

from orchestrator.backends.raytune.placement import reservation
from orchestrator.trial.spec import Placement


def node(name: str, *, cpus: float = 2.0, gpus: float = 1.0, alive: bool = True) -> dict[str, Any]:
    return {"NodeID": name, "Alive": alive, "Resources": {"CPU": cpus, "GPU": gpus}}


def reserved(placement: Placement, *nodes: dict[str, Any], gpus: float = 0.5) -> dict[str, Any]:
    factory = reservation(placement, cpus=1.0, gpus=gpus, nodes=nodes)
    bound: Any = factory._bound
    return dict(bound.arguments)


def test_a_trial_gets_what_it_asks_for_anywhere() -> None:
    assert reserved(Placement())["bundles"] == [{"CPU": 1.0, "GPU": 0.5}]
    assert "bundle_label_selector" not in reserved(Placement(), node("a"))


def test_a_share_that_was_not_enough_becomes_a_whole_gpu() -> None:
    whole = Placement(needs_whole_gpu=True)
    assert reserved(whole)["bundles"] == [{"CPU": 1.0, "GPU": 1.0}]
    assert reserved(whole, gpus=2.0)["bundles"] == [{"CPU": 1.0, "GPU": 2.0}]
    assert reserved(whole, gpus=0.0)["bundles"] == [{"CPU": 1.0}]


def test_nodes_are_avoided_where_another_one_has_room() -> None:
    wishes = Placement(avoided_nodes=("a", "b"))
    selector = reserved(wishes, node("a"), node("b"), node("c"))["bundle_label_selector"]
    assert selector == [{"ray.io/node-id": "!in(a,b)"}]


@pytest.mark.parametrize(
    "other",
    [node("b", alive=False), node("b", gpus=0.0), node("b", cpus=0.0)],
    ids=["dead", "without a GPU", "without a CPU"],
)
def test_no_node_is_avoided_where_no_other_can_take_the_trial(other: dict[str, Any]) -> None:
    wishes = Placement(avoided_nodes=("a",))
    assert "bundle_label_selector" not in reserved(wishes, node("a"), other)


def test_the_node_that_has_a_copy_is_preferred_and_no_more() -> None:
    wishes = Placement(preferred_node="b")
    given = reserved(wishes, node("a"), node("b"))
    assert (given["strategy"], given["_soft_target_node_id"]) == ("STRICT_PACK", "b")
    assert "_soft_target_node_id" not in reserved(wishes, node("a"), node("b", alive=False))
    assert "_soft_target_node_id" not in reserved(wishes, node("a"))


def test_equal_wishes_are_one_reservation_so_that_workers_are_reused() -> None:
    factories = [
        reservation(Placement(("a",)), cpus=1.0, gpus=0.0, nodes=[node("a"), node("b")])
        for _ in range(2)
    ]
    assert factories[0] == factories[1]
    assert len(set(factories)) == 1
