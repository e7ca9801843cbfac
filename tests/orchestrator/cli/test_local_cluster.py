from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import Result

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANORCH_HOME", str(tmp_path))
    return tmp_path


def test_a_start_says_how_to_join_and_how_to_end(
    ganorch: Ganorch, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def start(**options: Any) -> SimpleNamespace:
        asked.update(options)
        return SimpleNamespace(address="127.9.8.1:6379", token_file="/t", dashboard="127.0.0.1:8")

    monkeypatch.setattr("cluster.multinode.start_cluster", start)
    said = ganorch("cluster", "start", "--nodes", "3", "--gpus-per-node", "2").stdout
    assert asked == {
        "nodes": 3,
        "cpus_per_node": None,
        "gpus_per_node": 2,
        "name": "default",
        "storage": "rocksdb",
    }
    assert "cluster 'default': 3 nodes and a head" in said
    assert "ganorch run SPEC.yaml --address 127.9.8.1:6379" in said
    assert "its token: /t" in said
    assert "ganorch cluster stop --name default" in said


@pytest.mark.parametrize("command", [["stop"], ["add-node"], ["kill-node", "node-1"]])
def test_what_does_not_run_is_neither_stopped_nor_changed(
    refused: Refused, command: list[str]
) -> None:
    assert "no cluster 'default' runs on this machine" in refused("cluster", *command)


def test_commands_go_to_the_cluster_that_is_named(
    ganorch: Ganorch, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[Any] = []
    opened = SimpleNamespace(
        stop=lambda: done.append("stop"),
        kill=lambda node: done.append(node),
        add_node=lambda: SimpleNamespace(name="node-4", address="127.9.8.5"),
    )

    def open_cluster(name: str) -> SimpleNamespace:
        done.append(name)
        return opened

    monkeypatch.setattr("cluster.multinode.open_cluster", open_cluster)
    added = ganorch("cluster", "add-node", "--name", "c").stdout
    ganorch("cluster", "kill-node", "node-2", "--name", "c")
    ganorch("cluster", "stop", "--name", "c")
    assert added == "node-4 has joined at 127.9.8.5\n"
    assert done == ["c", "c", "node-2", "c", "stop"]
