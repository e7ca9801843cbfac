import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from click.testing import Result

from cluster.inventory import Inventory, Node

Ganorch = Callable[..., Result]
Refused = Callable[..., str]

NODES = (
    Node(id="a", address="10.0.0.1", cpus=8, gpus=2, free_cpus=6, free_gpus=1.5, is_alive=True),
    Node(
        id="b",
        address="10.0.0.2",
        cpus=8,
        gpus=2,
        free_cpus=0,
        free_gpus=0,
        is_alive=False,
        name="node-1",
    ),
    Node(
        id="c",
        address="10.0.0.3",
        cpus=8,
        gpus=0,
        free_cpus=8,
        free_gpus=0,
        is_alive=True,
        is_leaving=True,
    ),
)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for a cluster of two nodes; gives the addresses that were joined."""
    addresses: list[str] = []

    @contextmanager
    def attached(address: str) -> Iterator[None]:
        addresses.append(address)
        yield

    monkeypatch.setattr("cluster.attached.attached_ray", attached)
    monkeypatch.setattr("cluster.inventory.read_inventory", lambda: Inventory(NODES))
    return addresses


def test_a_cluster_is_shown_node_by_node_with_its_sum(ganorch: Ganorch, joined: list[str]) -> None:
    shown = ganorch("cluster", "status", "--address", "10.0.0.1:6379").stdout.splitlines()
    assert joined == ["10.0.0.1:6379"]
    assert [line.split() for line in shown[1:]] == [
        ["10.0.0.1", "8", "6", "2", "1.5", "alive"],
        ["node-1", "10.0.0.2", "8", "0", "2", "0", "dead"],
        ["10.0.0.3", "8", "8", "0", "0", "leaving"],
        ["2", "alive", "16", "14", "2", "1.5"],
    ]


def test_a_cluster_as_json(ganorch: Ganorch, joined: list[str]) -> None:
    result = ganorch("cluster", "status", "--address", "10.0.0.1:6379", "--json")
    found = json.loads(result.stdout)
    assert (found["num_nodes"], found["gpus"], found["free_gpus"]) == (2, 2, 1.5)
    assert [node["is_alive"] for node in found["nodes"]] == [True, False, True]
    assert [node["is_leaving"] for node in found["nodes"]] == [False, False, True]


def test_without_an_address_it_is_this_machine(
    ganorch: Ganorch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cluster.local.usable_cpus", lambda: 6)
    monkeypatch.setattr("cluster.local.visible_gpus", lambda: 2)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    found = json.loads(ganorch("cluster", "status", "--json").stdout)
    assert (found["cpus"], found["gpus"], found["gpus_seen_by_torch"]) == (6, 2, 0)
    cpus, gpus = ganorch("cluster", "status").stdout.splitlines()
    assert cpus.split() == ["CPUs", "6"]
    assert gpus.startswith("GPUs  2; torch ")
    assert gpus.endswith(" sees 0")


def test_an_address_where_nothing_listens_is_refused(refused: Refused) -> None:
    assert "address = 'nowhere'" in refused("cluster", "status", "--address", "nowhere")
