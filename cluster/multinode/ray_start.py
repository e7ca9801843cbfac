"""``ray start`` for one node of a local cluster."""

import os
import subprocess
import sys
from pathlib import Path

from cluster.errors import ClusterError
from cluster.multinode.processes import MARK, NODE
from cluster.multinode.state import ClusterState, LocalNode
from cluster.settings import head_environment, node_environment
from cluster.token import TOKEN

OBJECT_STORE_BYTES = 80_000_000  # the least that Ray takes is 75 MB; only small messages go through
START_TIMEOUT_S = 120.0
_NOT_INHERITED = ("RAY_ADDRESS", TOKEN)  # would lead elsewhere, or take the file's place
_PRIVATE = 0o077


def start_node(state: ClusterState, node: LocalNode, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Start the processes of a node; returns when it has joined.

    Raises:
        ClusterError: if it cannot be started in time; gives Ray's reason.
    """
    log = state.folder / f"{node.name}.log"
    with log.open("w") as output:
        try:
            ended = subprocess.run(
                start_command(state, node),
                env=node_process_environment(state, node),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=timeout_s,
                check=False,
                umask=_PRIVATE,
                start_new_session=True,  # Ctrl+C in this terminal is not for them
            )
        except subprocess.TimeoutExpired:
            raise ClusterError(
                f"node '{node.name}' did not start within {timeout_s:.0f} s"
            ) from None
    if ended.returncode != 0:
        raise ClusterError(f"node '{node.name}' did not start: {_reason(log)}")


def start_command(state: ClusterState, node: LocalNode) -> list[str]:
    """Return the command line; whatever is secret is not on it."""
    is_head = node == state.head
    return [
        *(sys.executable, "-m", "ray.scripts.scripts", "start"),
        *(_head_options(state) if is_head else [f"--address={state.address}"]),
        f"--node-ip-address={node.address}",
        f"--node-name={node.name}",
        f"--temp-dir={node_folder(state, node)}",
        f"--num-cpus={node.cpus}",
        f"--num-gpus={node.gpus}",
        f"--object-store-memory={OBJECT_STORE_BYTES}",
        "--dashboard-agent-listen-port=0",  # by default the same one for every cluster of a host
        "--min-worker-port=0",  # any that is free, likewise
        "--max-worker-port=0",
        "--include-log-monitor=false",  # nobody listens to it: trials tell what they have to say
        "--disable-usage-stats",
    ]


def node_folder(state: ClusterState, node: LocalNode) -> Path:
    """Return where a node keeps sockets and logs: in one folder, nodes race for socket names."""
    return Path(state.temp_dir) / node.name


def node_process_environment(state: ClusterState, node: LocalNode) -> dict[str, str]:
    """Return what the processes of a node see: ours over what this process sees."""
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    if node == state.head:
        ray = head_environment(token_file=state.token_file, storage=state.storage)
    else:
        ray = node_environment(token_file=state.token_file)
    marks = {MARK: state.mark, NODE: node.name}
    return {**inherited, **_same_sources(inherited), **ray, **marks}


def _head_options(state: ClusterState) -> list[str]:
    _, port = state.address.rsplit(":", 1)
    dashboard_host, dashboard_port = state.dashboard.rsplit(":", 1)
    return [
        "--head",
        f"--port={port}",
        "--include-dashboard=true",
        f"--dashboard-host={dashboard_host}",
        f"--dashboard-port={dashboard_port}",
        f"--ray-client-server-port={state.client_port}",
        "--no-monitor",  # it only scales clusters, and opens a port without a token
    ]


def _same_sources(inherited: dict[str, str]) -> dict[str, str]:
    """Let workers import what this process imports, where that is not installed."""
    root = Path(__file__).resolve().parents[2]
    if root.name == "site-packages":
        return {}
    others = [path for path in inherited.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {"PYTHONPATH": os.pathsep.join([str(root), *others])}


def _reason(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"
