import stat
import time
from pathlib import Path
from typing import Any

import pytest

from cluster.attached import attached_ray
from cluster.errors import ClusterError
from cluster.multinode import LocalCluster, local_cluster, open_cluster
from cluster.multinode.processes import is_program, marked_processes

pytestmark = pytest.mark.cluster
NOTICED_WITHIN_S = 10.0  # by the health settings that we ship


def slow_square(number: int) -> int:
    time.sleep(0.5)
    return number**2


def test_all_nodes_have_joined_and_none_but_the_head_is_without_cpus(
    joinable: LocalCluster,
) -> None:
    assert {"head", "node-1", "node-2", "node-3"} <= joinable.live_nodes()
    assert [node.cpus for node in joinable.nodes[:4]] == [0, 1, 1, 1]
    assert open_cluster("three").address == joinable.address
    with pytest.raises(ClusterError, match="'none' runs"):
        open_cluster("none")


def test_what_it_keeps_is_its_owners_alone(joinable: LocalCluster) -> None:
    for place in (joinable.state.folder, Path(joinable.state.temp_dir)):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(joinable.token_file.stat().st_mode) == 0o600


def test_a_node_that_is_killed_is_noticed(joinable: LocalCluster) -> None:
    node = joinable.add_node()
    assert node.name in joinable.live_nodes()
    joinable.kill(node.name)
    assert not marked_processes(joinable.state.mark, node.name)
    assert joinable.wait_until_dead(node.name) <= NOTICED_WITHIN_S


def test_a_node_that_is_frozen_is_noticed(joinable: LocalCluster) -> None:
    node = joinable.add_node()
    joinable.freeze(node.name)
    assert joinable.wait_until_dead(node.name) <= NOTICED_WITHIN_S
    joinable.thaw(node.name)
    joinable.kill(node.name)


def test_a_gcs_that_is_killed_comes_back_and_no_task_is_lost(joinable: LocalCluster) -> None:
    import ray

    with attached_ray(joinable.address):
        task: Any = ray.remote(num_cpus=0.5)(slow_square)
        running = [task.remote(number) for number in range(12)]
        ray.wait(running)
        joinable.kill_gcs()
        killed_at = time.monotonic()
        assert ray.get(running, timeout=60) == [number**2 for number in range(12)]
        joinable.wait_for_nodes(["head", "node-1", "node-2", "node-3"])
        back_after_s = time.monotonic() - killed_at
        assert ray.get(task.remote(7), timeout=60) == 49
    assert "gcs_server died: started again" in joinable.state.log.read_text()
    assert back_after_s <= 20  # the work itself takes 2 s; the supervisor has 10


def test_stopping_one_cluster_leaves_nothing_of_it_and_touches_no_other(
    joinable: LocalCluster,
) -> None:
    before = daemons(joinable)
    shared_memory = set(Path("/dev/shm").iterdir())
    with local_cluster(nodes=1, cpus_per_node=1) as other:
        mark, traces = other.state.mark, (other.state.folder, Path(other.state.temp_dir))
        assert marked_processes(mark)
        assert other.live_nodes() == {"head"}
    assert not marked_processes(mark)
    assert not other.is_running
    assert not [trace for trace in traces if trace.exists()]
    assert not [line for line in unix_sockets() if str(traces[1]) in line]
    assert {file for file in Path("/dev/shm").iterdir() if "plasma" in file.name} <= shared_memory
    assert before == daemons(joinable)
    assert "head" in joinable.live_nodes()


def daemons(cluster: LocalCluster) -> set[int]:
    """Return what lives as long as the cluster; workers come and go."""
    lasting = ("raylet", "gcs_server", "dashboard.py")
    found = marked_processes(cluster.state.mark)
    return {each.pid for each in found if any(is_program(each, name) for name in lasting)}


def unix_sockets() -> list[str]:
    return Path("/proc/net/unix").read_text().splitlines()
