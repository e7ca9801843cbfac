import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from cluster.errors import ClusterError
from cluster.multinode import supervise
from cluster.multinode.processes import MARK, NODE, is_program, kill_all, marked_processes
from cluster.multinode.state import ClusterState, LocalNode
from cluster.multinode.supervise import DAEMONS, RAYLET, Supervisor, main

HEAD = LocalNode(name="head", address="127.9.8.1", cpus=0, gpus=0)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[ClusterState]:
    """Stand-ins for the daemons of a head: they bear their names, and sleep."""
    found = ClusterState(
        folder=tmp_path,
        mark=os.urandom(8).hex(),
        address="127.9.8.1:6379",
        dashboard="127.0.0.1:8265",
        client_port=10001,
        token_file="/t",
        temp_dir=str(tmp_path),
        storage="/state",
        nodes=(HEAD,),
    )
    found.save()
    start_head(found)
    yield found
    kill_all(lambda: marked_processes(found.mark))


def start_head(state: ClusterState, node: LocalNode = HEAD) -> None:
    for program in (*DAEMONS, RAYLET):
        script = state.folder / program
        script.write_text("import time; time.sleep(60)")
        environment = {**os.environ, MARK: state.mark, NODE: node.name}
        os.posix_spawn(sys.executable, [sys.executable, str(script)], environment)


def running(state: ClusterState, program: str) -> list[psutil.Process]:
    found = marked_processes(state.mark, HEAD.name)
    return [process for process in found if is_program(process, program)]


def end(state: ClusterState, program: str) -> None:
    (process,) = running(state, program)
    process.kill()
    process.wait()


@pytest.mark.parametrize("program", DAEMONS)
def test_a_daemon_that_dies_is_started_as_it_was(state: ClusterState, program: str) -> None:
    supervisor = Supervisor(state)
    (before,) = running(state, program)
    command = before.cmdline()
    end(state, program)
    supervisor.check()
    (after,) = running(state, program)
    assert after.pid != before.pid
    assert after.cmdline() == command
    assert f"{program} died: started again" in state.log.read_text()


def test_what_lives_is_left_alone(state: ClusterState) -> None:
    supervisor = Supervisor(state)
    before = {process.pid for process in marked_processes(state.mark)}
    supervisor.check()
    assert {process.pid for process in marked_processes(state.mark)} == before
    assert not state.log.exists()


def test_a_raylet_that_dies_takes_the_whole_head_through_a_restart(
    state: ClusterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "start_node", start_head)
    marker = state.folder / "head" / "ray_current_cluster"
    marker.parent.mkdir()
    marker.touch()
    supervisor = Supervisor(state)
    before = {process.pid for process in marked_processes(state.mark)}
    end(state, RAYLET)
    supervisor.check()
    after = {process.pid for process in marked_processes(state.mark)}
    assert len(after) == len(before)
    assert not after & before
    assert not marker.exists()


def test_a_daemon_that_will_not_live_is_given_up(state: ClusterState) -> None:
    supervisor = Supervisor(state)
    for _ in range(5):
        end(state, "gcs_server")
        supervisor.check()
    end(state, "gcs_server")
    with pytest.raises(ClusterError, match="gcs_server died: too often"):
        supervisor.check()
    assert state.log.read_text().count("started again") == 5


def test_without_a_head_there_is_nothing_to_watch(state: ClusterState) -> None:
    end(state, "gcs_server")
    assert main(state.folder) == 1
    assert "gives up: the head has no gcs_server" in state.log.read_text()


def test_it_ends_when_the_cluster_is_gone(
    state: ClusterState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(seconds: float) -> None:
        state.folder.rename(state.folder.with_name("gone"))

    monkeypatch.setattr(supervise, "sleep", stop)
    started = time.monotonic()
    assert main(state.folder) == 0
    assert time.monotonic() - started < 5
