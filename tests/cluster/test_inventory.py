import json
from typing import Any

import pytest

from cluster.attached import attached_ray
from cluster.errors import ClusterError
from cluster.inventory import Inventory, Node, read_inventory
from cluster.resources import Capacity

HEAD = Node(id="a", address="h", cpus=4, gpus=1, free_cpus=3, free_gpus=0.5, is_alive=True)
WORKER = Node(id="b", address="w", cpus=8, gpus=2, free_cpus=8, free_gpus=2, is_alive=True)
DEAD = Node(id="c", address="x", cpus=99, gpus=9, free_cpus=9, free_gpus=9, is_alive=False)
INVENTORY = Inventory((HEAD, WORKER, DEAD))


def test_only_live_nodes_have_capacity() -> None:
    assert INVENTORY.capacity == Capacity.of_nodes([Capacity(4, 1), Capacity(8, 2)])
    assert INVENTORY.capacity.largest_node == Capacity(8, 2)


def test_the_plain_form_sums_live_nodes_and_lists_all() -> None:
    plain = json.loads(json.dumps(INVENTORY.to_mapping()))
    assert (plain["num_nodes"], plain["cpus"], plain["gpus"]) == (2, 12, 3)
    assert (plain["free_cpus"], plain["free_gpus"]) == (11, 2.5)
    assert [node["is_alive"] for node in plain["nodes"]] == [True, True, False]
    assert plain["nodes"][0] == {
        "id": "a",
        "address": "h",
        "cpus": 4,
        "gpus": 1,
        "free_cpus": 3,
        "free_gpus": 0.5,
        "is_alive": True,
        "trials": [],
        "name": "",
        "is_leaving": False,
    }


def test_without_a_cluster_there_is_nothing_to_list() -> None:
    with pytest.raises(ClusterError, match="no cluster to list: start or join one first"):
        read_inventory()


@pytest.mark.ray
def test_what_is_taken_is_no_longer_free(running_ray: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    @ray.remote(num_cpus=1, num_gpus=0.5)
    class Occupant:
        def is_there(self) -> bool:
            return True

    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(running_ray.token_file))
    with attached_ray(running_ray.address):
        (idle,) = read_inventory().nodes
        occupant = Occupant.remote()  # type: ignore[attr-defined]
        ray.get(occupant.is_there.remote())
        (busy,) = read_inventory().nodes
    assert (idle.cpus, idle.gpus, idle.is_alive) == (2, 1, True)
    assert (busy.free_cpus, busy.free_gpus) == (1, 0.5)
