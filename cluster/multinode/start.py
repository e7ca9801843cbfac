"""Starting a local cluster: all of it or nothing."""

import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cluster.errors import ClusterError
from cluster.machine import usable_cpus
from cluster.multinode.addresses import free_network, free_ports
from cluster.multinode.control import SUPERVISOR, LocalCluster
from cluster.multinode.processes import NODE, spawn
from cluster.multinode.ray_start import node_process_environment, start_node
from cluster.multinode.state import (
    HEAD,
    ClusterState,
    LocalNode,
    cluster_folder,
    gcs_folder,
    make_cluster_folder,
    remove_traces,
    running_clusters,
)
from cluster.token import demand_token_file

DEFAULT_NAME = "default"
MEMORY, ROCKSDB = "memory", "rocksdb"
MAX_NODES = 100
_AT_ONCE = 4  # a start keeps a core busy for seconds
_SOCKET_PATH_LIMIT = 40  # characters of Ray's folder, that its socket paths stay below 107


def start_cluster(
    *,
    nodes: int = 1,
    cpus_per_node: int | None = None,
    gpus_per_node: int = 0,
    name: str = DEFAULT_NAME,
    storage: str = ROCKSDB,
) -> LocalCluster:
    """Start Ray nodes on this machine, and return when all have joined.

    Args:
        nodes: how many run trials. One is also the head; for more there is a head besides, on
            which no trial runs, so that each of them can be lost.
        cpus_per_node: as Ray counts them; an equal share of this machine's where None.
        gpus_per_node: as Ray counts them, also where there are fewer: nodes share the devices.
        name: by which commands find it.
        storage: ``rocksdb``, ``memory`` or ``redis://HOST:PORT``: where the head keeps the state
            of the cluster. All but memory outlive the head.

    Raises:
        ClusterError: if one of this name is there, or a node does not start; nothing is left.
    """
    _check(nodes, cpus_per_node, gpus_per_node)
    folder, token_file = cluster_folder(name), demand_token_file()
    kept_at = _storage(storage, folder)
    cpus = max(1, usable_cpus() // nodes) if cpus_per_node is None else cpus_per_node
    with ExitStack() as undo:  # after Ctrl+C, too
        make_cluster_folder(folder)
        undo.callback(remove_traces, folder)
        state = _plan(folder, str(token_file), kept_at)
        undo.callback(remove_traces, Path(state.temp_dir))
        state = state.with_nodes(_nodes(state.network, nodes, cpus, gpus_per_node))
        cluster = LocalCluster(state)
        undo.callback(cluster.stop)
        _start_processes(state)
        cluster.wait_for_nodes([node.name for node in state.nodes])
        undo.pop_all()
    return cluster


@contextmanager
def local_cluster(**options: Any) -> Iterator[LocalCluster]:
    """Start a cluster for a while; stop it on leaving, whatever happened.

    Args:
        options: as of :func:`start_cluster`; without a name it gets one of its own.

    Raises:
        ClusterError: as of :func:`start_cluster`.
    """
    name = options.pop("name", f"c-{secrets.token_hex(4)}")
    cluster = start_cluster(name=name, **options)
    try:
        yield cluster
    finally:
        cluster.stop()


def _start_processes(state: ClusterState) -> None:
    state.save()  # first, that also a start that is killed can be stopped
    start_node(state, state.head)
    if state.storage is not None:
        _start_supervisor(state)
    start_nodes(state, state.nodes[1:])


def start_nodes(state: ClusterState, nodes: Sequence[LocalNode]) -> None:
    """Start nodes of a cluster whose head runs, several at once.

    Raises:
        ClusterError: if one does not start.
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda node: start_node(state, node), nodes):
            pass


def _check(nodes: int, cpus_per_node: int | None, gpus_per_node: int) -> None:
    if not sys.platform.startswith("linux"):
        raise ClusterError("several nodes on one machine need Linux, where each gets an address")
    if not 1 <= nodes <= MAX_NODES:
        raise ClusterError(f"--nodes {nodes}: must be from 1 to {MAX_NODES}")
    if cpus_per_node is not None and cpus_per_node < 1:
        raise ClusterError(f"--cpus-per-node {cpus_per_node}: must be at least 1")
    if gpus_per_node < 0:
        raise ClusterError(f"--gpus-per-node {gpus_per_node}: must be 0 or more")


def _plan(folder: Path, token_file: str, storage: str | None) -> ClusterState:
    """Choose addresses, ports and places; starts nothing."""
    taken = [node.address for state in running_clusters() for node in state.nodes]
    port, dashboard_port, client_port = free_ports(3)
    return ClusterState(
        folder=folder,
        mark=secrets.token_hex(16),
        address=f"{free_network(taken)}.1:{port}",
        dashboard=f"127.0.0.1:{dashboard_port}",
        client_port=client_port,
        token_file=token_file,
        temp_dir=_short_folder(),
        storage=storage,
        nodes=(),
    )


def _nodes(network: str, count: int, cpus: int, gpus: int) -> list[LocalNode]:
    if count == 1:
        return [LocalNode(name=HEAD, address=f"{network}.1", cpus=cpus, gpus=gpus)]
    head = LocalNode(name=HEAD, address=f"{network}.1", cpus=0, gpus=0)
    workers = [
        LocalNode(name=f"node-{n}", address=f"{network}.{n + 1}", cpus=cpus, gpus=gpus)
        for n in range(1, count + 1)
    ]
    return [head, *workers]


def _storage(asked: str, folder: Path) -> str | None:
    if asked == MEMORY:
        return None
    if asked == ROCKSDB:
        return str(gcs_folder(folder))
    if asked.startswith(("redis://", "rediss://")):
        return asked
    raise ClusterError(f"--storage {asked}: must be {ROCKSDB}, {MEMORY} or redis://HOST:PORT")


def _short_folder() -> str:
    """Make a new folder, readable by its owner alone, with a path that sockets can have."""
    usual = tempfile.gettempdir()
    return tempfile.mkdtemp(prefix="gan-", dir=usual if len(usual) < _SOCKET_PATH_LIMIT else "/tmp")


def _start_supervisor(state: ClusterState) -> None:
    environment = {**node_process_environment(state, state.head), NODE: SUPERVISOR}
    spawn([sys.executable, "-m", "cluster.multinode.supervise", str(state.folder)], environment)
