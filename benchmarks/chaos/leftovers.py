"""What sweeps leave on a cluster that goes on, and a cluster that was stopped on its machine."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import psutil

from cluster.multinode import LocalCluster
from cluster.multinode.processes import marked_processes
from cluster.multinode.state import ClusterState

_SHARED_MEMORY = Path("/dev/shm")


class Leftovers(NamedTuple):
    """Processes, listening sockets, shared memory and folders, in words."""

    processes: list[str]
    sockets: list[str]
    shared_memory: list[str]
    folders: list[str]


def held_in(cluster: LocalCluster) -> list[str]:
    """Return what sweeps that have ended still hold: CPUs of live nodes, processes of dead ones."""
    ask = [sys.executable, "-m", "orchestrator", "cluster", "status", "--json", "--address"]
    answer = subprocess.run([*ask, cluster.address], check=True, capture_output=True, timeout=60)
    nodes = [node for node in json.loads(answer.stdout)["nodes"] if node["is_alive"]]
    taken = [node for node in nodes if node["free_cpus"] < node["cpus"]]
    held = [f"{node['cpus'] - node['free_cpus']:g} CPUs of {node['address']}" for node in taken]
    live = {node["address"] for node in nodes}
    for node in cluster.nodes:
        if node.address not in live:
            gone = marked_processes(cluster.state.mark, node.name)
            held += [f"process {each.pid} of {node.name}, which is dead" for each in gone]
    return held


def leftovers_of(state: ClusterState) -> Leftovers:
    """Look for what belonged to a cluster."""
    marked = marked_processes(state.mark)
    return Leftovers(
        processes=[f"{each.pid} {each.name()}" for each in marked],
        sockets=_sockets(state.network),
        shared_memory=_unused_shared_memory(),
        folders=[str(each) for each in _folders(state) if each.exists()],
    )


def _sockets(network: str) -> list[str]:
    """Return what listens on the addresses of a cluster's nodes, which no other one shares."""
    found = [each for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    named = [":".join(map(str, each.laddr)) for each in found]
    return [name for name in named if name.startswith(f"{network}.")]


def _unused_shared_memory() -> list[str]:
    """Return the files of Ray's object stores that no process has open any more."""
    files = {path for path in _SHARED_MEMORY.glob("plasma*") if path.is_file()}
    for process in psutil.process_iter():
        mapped = _maps(process)
        files = {path for path in files if str(path) not in mapped}
    return sorted(map(str, files))


def _maps(process: psutil.Process) -> str:
    try:
        return Path(f"/proc/{process.pid}/maps").read_text()
    except OSError:
        return ""


def _folders(state: ClusterState) -> list[Path]:
    temporary = Path(tempfile.gettempdir())
    drafts = temporary.glob(f"{Path(state.temp_dir).name}*")
    return [state.folder, Path(state.temp_dir), *drafts]
