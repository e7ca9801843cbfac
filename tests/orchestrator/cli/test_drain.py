from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from click.testing import Result

from cluster import attached, draining, inventory
from cluster.inventory import Inventory, Node
from cluster.resources import Capacity

Ganorch = Callable[..., Result]


def node(node_id: str, address: str, *trials: str, is_alive: bool = True, name: str = "") -> Node:
    return Node(
        id=node_id,
        name=name,
        address=address,
        cpus=1,
        gpus=0,
        free_cpus=0,
        free_gpus=0,
        is_alive=is_alive,
        trials=trials,
    )


@pytest.fixture
def drained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float | None]]:
    """A joined cluster of two live nodes and a dead one; collect what is drained."""
    told: list[tuple[str, float | None]] = []
    nodes = (
        node("aa11", "10.0.0.1", "tadol-fupin", name="node-1"),
        node("aa22", "10.0.0.2"),
        node("bb33", "10.0.0.3", is_alive=False),
    )

    @contextmanager
    def joined(address: str) -> Iterator[Capacity]:
        yield Capacity(2)

    def drain_node(node_id: str, *, reason: str, within_s: float | None) -> None:
        told.append((node_id, within_s))

    monkeypatch.setattr(attached, "attached_ray", joined)
    monkeypatch.setattr(inventory, "read_inventory", lambda: Inventory(nodes))
    monkeypatch.setattr(draining, "drain_node", drain_node)
    return told


@pytest.mark.parametrize("named", ["10.0.0.1", "aa1", "node-1"])
def test_a_node_is_named_by_its_address_id_or_name(
    ganorch: Ganorch, drained: list[tuple[str, float | None]], named: str
) -> None:
    found = ganorch("cluster", "drain", named, "--address", "10.0.0.9:6379", "--within", "90")
    assert found.exit_code == 0
    assert found.stdout == "10.0.0.1 takes no new trials; 1 on it will save and move\n"
    assert drained == [("aa11", 90.0)]


@pytest.mark.parametrize(("named", "num_meant"), [("aa", 2), ("bb33", 0), ("10.0.0.3", 0)])
def test_a_node_that_is_not_the_only_one_meant_is_refused_with_what_there_is(
    ganorch: Ganorch, drained: list[tuple[str, float | None]], named: str, num_meant: int
) -> None:
    found = ganorch("cluster", "drain", named, "--address", "10.0.0.9:6379")
    assert found.exit_code == 2
    assert f"node '{named}': {num_meant} live nodes are meant" in found.stderr
    assert "10.0.0.1 (aa11), 10.0.0.2 (aa22)" in found.stderr
    assert drained == []


def test_the_cluster_must_be_named(ganorch: Ganorch) -> None:
    found = ganorch("cluster", "drain", "10.0.0.1")
    assert found.exit_code == 2
    assert "which cluster? give --address HOST:PORT, or --name" in found.stderr
