import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.multinode import ray_start
from cluster.multinode.ray_start import node_process_environment, start_command, start_node
from cluster.multinode.state import ClusterState, LocalNode

HEAD = LocalNode(name="head", address="127.9.8.1", cpus=0, gpus=0)
WORKER = LocalNode(name="node-1", address="127.9.8.2", cpus=2, gpus=1)


@pytest.fixture
def state(tmp_path: Path) -> ClusterState:
    return ClusterState(
        folder=tmp_path,
        mark="5e",
        address="127.9.8.1:6379",
        dashboard="127.0.0.1:8265",
        client_port=10001,
        token_file="/t",
        temp_dir="/tmp/x",
        storage="/state",
        nodes=(HEAD, WORKER),
    )


def test_the_head_opens_the_doors_and_runs_what_it_is_told(state: ClusterState) -> None:
    command = start_command(state, HEAD)
    assert {"--head", "--port=6379", "--num-cpus=0", "--dashboard-host=127.0.0.1"} < set(command)
    assert not [word for word in command if word.startswith("--address")]


def test_a_worker_joins_it_with_what_it_has(state: ClusterState) -> None:
    command = start_command(state, WORKER)
    assert {"--address=127.9.8.1:6379", "--num-cpus=2", "--num-gpus=1"} < set(command)
    assert "--head" not in command


def test_nodes_share_no_folder(state: ClusterState) -> None:
    places = [
        word
        for node in state.nodes
        for word in start_command(state, node)
        if word.startswith("--temp-dir")
    ]
    assert len(set(places)) == 2


def test_every_process_is_marked_and_only_the_head_watches_health(state: ClusterState) -> None:
    head, worker = (node_process_environment(state, node) for node in state.nodes)
    assert head["GANORCH_CLUSTER_MARK"] == worker["GANORCH_CLUSTER_MARK"] == "5e"
    assert worker["GANORCH_CLUSTER_NODE"] == "node-1"
    assert head["RAY_gcs_storage_path"] == "/state"
    assert "RAY_health_check_period_ms" in head
    assert "RAY_health_check_period_ms" not in worker


def test_a_careless_shell_does_not_change_the_rules(
    state: ClusterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret")
    environment = node_process_environment(state, WORKER)
    assert environment["RAY_AUTH_MODE"] == "token"
    assert not {"RAY_ADDRESS", "RAY_AUTH_TOKEN"} & environment.keys()


def test_workers_import_what_this_process_imports(
    state: ClusterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine")
    root = str(Path(ray_start.__file__).resolve().parents[2])
    assert node_process_environment(state, HEAD)["PYTHONPATH"] == f"{root}:/mine"


def test_a_node_that_fails_gives_its_last_words(
    state: ClusterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [sys.executable, "-c", "print('Traceback'); raise SystemExit('Error: no room\\n')"]
    monkeypatch.setattr(ray_start, "start_command", lambda state, node: failing)
    with pytest.raises(ClusterError, match="^node 'node-1' did not start: Error: no room$"):
        start_node(state, WORKER)


def test_a_node_that_hangs_is_given_up(
    state: ClusterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*arguments: Any, **options: Any) -> None:
        raise subprocess.TimeoutExpired("ray", options["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(ClusterError, match="node 'head' did not start within 7 s"):
        start_node(state, HEAD, timeout_s=7)
