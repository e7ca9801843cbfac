import tempfile
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.multinode import control, start
from cluster.multinode.start import start_cluster
from cluster.multinode.state import ClusterState, LocalNode, running_clusters

Started = list[tuple[ClusterState, LocalNode]]


@pytest.fixture
def started(
    local_home: Path, token_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Started:
    """Record which nodes would be started; nothing is."""
    calls: Started = []
    monkeypatch.setattr(start, "start_node", lambda state, node: calls.append((state, node)))
    monkeypatch.setattr(start, "_start_supervisor", lambda state: None)
    monkeypatch.setattr(control.LocalCluster, "wait_for_nodes", lambda self, names: None)
    monkeypatch.setattr(
        start, "_short_folder", lambda: tempfile.mkdtemp(prefix="gan-", dir=tmp_path)
    )
    monkeypatch.setattr(start, "usable_cpus", lambda: 8)
    return calls


def test_one_node_is_also_the_head(started: Started) -> None:
    cluster = start_cluster()
    assert [(node.name, node.cpus) for _, node in started] == [("head", 8)]
    assert cluster.workers == ()


def test_of_several_nodes_the_head_runs_no_trial(started: Started) -> None:
    cluster = start_cluster(nodes=3, gpus_per_node=2)
    has = {node.name: (node.cpus, node.gpus) for _, node in started}
    assert has == {"head": (0, 0), "node-1": (2, 2), "node-2": (2, 2), "node-3": (2, 2)}
    assert len({node.address for node in cluster.nodes}) == 4
    assert cluster.address.startswith(cluster.nodes[0].address)


def test_clusters_of_two_names_run_side_by_side(started: Started) -> None:
    first, second = start_cluster(name="a"), start_cluster(name="b")
    assert [state.name for state in running_clusters()] == ["a", "b"]
    assert first.nodes[0].address != second.nodes[0].address
    assert first.state.mark != second.state.mark


def test_one_that_runs_is_not_started_again(started: Started) -> None:
    start_cluster()
    with pytest.raises(ClusterError, match="cluster 'default' is there already"):
        start_cluster()
    assert len(started) == 1


@pytest.mark.parametrize("error", [ClusterError("no room"), KeyboardInterrupt()])
def test_a_start_that_fails_or_is_interrupted_leaves_nothing(
    started: Started,
    local_home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    def fail(state: ClusterState, node: LocalNode) -> None:
        assert Path(state.temp_dir).is_dir()
        assert running_clusters() == [state]
        raise error

    monkeypatch.setattr(start, "start_node", fail)
    with pytest.raises(type(error)):
        start_cluster()
    assert running_clusters() == []
    assert list((local_home / "clusters").iterdir()) == []
    assert not list(tmp_path.glob("gan-*"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nodes": 0}, "--nodes 0: must be from 1 to 100"),
        ({"nodes": 101}, "--nodes 101: must be from 1 to 100"),
        ({"cpus_per_node": 0}, "--cpus-per-node 0: must be at least 1"),
        ({"gpus_per_node": -1}, "--gpus-per-node -1: must be 0 or more"),
        ({"name": "A"}, "--name A: must be lower-case"),
        ({"storage": "disk"}, "--storage disk: must be rocksdb, memory or redis://HOST:PORT"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(
    started: Started, local_home: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        start_cluster(**options)
    assert not local_home.exists()


def test_a_system_without_loopback_addresses_is_refused(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(ClusterError, match="need Linux"):
        start_cluster()


def test_a_token_in_the_environment_is_refused(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_TOKEN", "hunter2")
    with pytest.raises(ClusterError, match="RAY_AUTH_TOKEN is set") as refused:
        start_cluster()
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("storage", "kept"),
    [("memory", None), ("redis://db:6379", "redis://db:6379"), ("rocksdb", "/gcs")],
)
def test_the_state_of_the_cluster_is_kept_as_asked(
    started: Started, storage: str, kept: str | None
) -> None:
    found = start_cluster(storage=storage).state.storage
    assert found == kept or (found or "").endswith(kept or "-")


@pytest.mark.parametrize("usual", ["/short", "/" + "long/" * 20])
def test_sockets_get_a_path_that_they_can_have(monkeypatch: pytest.MonkeyPatch, usual: str) -> None:
    monkeypatch.setattr(tempfile, "tempdir", usual)
    monkeypatch.setattr(tempfile, "mkdtemp", lambda prefix, dir: f"{dir}/{prefix}12345678")
    assert len(f"{start._short_folder()}/node-100/session_{'9' * 40}/sockets/plasma_store") < 107
