import json
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from cluster.errors import ClusterError
from cluster.multinode.state import (
    ClusterState,
    LocalNode,
    cluster_folder,
    clusters_folder,
    make_cluster_folder,
    running_clusters,
)

HEAD = LocalNode(name="head", address="127.9.8.1", cpus=0, gpus=0)
WORKER = LocalNode(name="node-1", address="127.9.8.2", cpus=2, gpus=1)


@pytest.fixture
def state(local_home: Path) -> ClusterState:
    folder = cluster_folder("trial")
    make_cluster_folder(folder)
    return ClusterState(
        folder=folder,
        mark="5e",
        address="127.9.8.1:6379",
        dashboard="127.0.0.1:8265",
        client_port=10001,
        token_file="/t",
        temp_dir="/tmp/x",
        storage=None,
        nodes=(HEAD, WORKER),
    )


def test_what_was_saved_is_loaded_and_found(state: ClusterState) -> None:
    assert running_clusters() == []
    state.save()
    assert running_clusters() == [ClusterState.load(state.folder)] == [state]
    assert (state.name, state.head, state.network) == ("trial", HEAD, "127.9.8")


def test_only_its_owner_can_look_into_the_folder(state: ClusterState) -> None:
    for folder in (state.folder, state.folder.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_second_one_of_the_same_name_is_refused(state: ClusterState) -> None:
    with pytest.raises(ClusterError, match="'trial' is there already: `ganorch cluster stop --n"):
        make_cluster_folder(state.folder)


def test_a_node_is_found_by_its_name(state: ClusterState) -> None:
    assert state.node("node-1") == WORKER
    with pytest.raises(ClusterError, match="no node 'node-7' in cluster 'trial': it has head, n"):
        state.node("node-7")


@pytest.mark.parametrize("name", ["", "A", "../up", "-x", "a/b", "a" * 32, "a b"])
def test_a_name_that_cannot_be_a_folder_is_refused(local_home: Path, name: str) -> None:
    with pytest.raises(ClusterError, match=f"--name {name}: must be lower-case letters"):
        cluster_folder(name)


def test_what_is_not_there_is_said_to_be_missing(local_home: Path) -> None:
    with pytest.raises(ClusterError, match="no cluster 'none' runs on this machine .looked in /"):
        ClusterState.load(cluster_folder("none"))


@pytest.mark.parametrize("text", ["{", "{}", '{"nodes": [{}]}', "[]"])
def test_a_damaged_file_is_named(state: ClusterState, text: str) -> None:
    (state.folder / "cluster.json").write_text(text)
    with pytest.raises(ClusterError, match=r"trial/cluster\.json: cannot be read"):
        ClusterState.load(state.folder)


def test_no_field_holds_a_secret(state: ClusterState) -> None:
    state.save()
    written = json.loads((state.folder / "cluster.json").read_text())
    assert set(written) == set(asdict(state))
    assert "token" not in written


def test_the_place_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANORCH_HOME", str(tmp_path))
    assert clusters_folder() == tmp_path / "clusters"
    monkeypatch.delenv("GANORCH_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert clusters_folder() == Path("/home/someone/.ganorch/clusters")


def test_a_place_that_cannot_be_made_is_named(local_home: Path) -> None:
    local_home.write_text("a file where a folder should be")
    with pytest.raises(ClusterError, match="clusters/trial: cannot be made .Not a directory"):
        make_cluster_folder(cluster_folder("trial"))
