"""A running local cluster: who is in it, what is done to it, and its end."""

import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

from cluster.environment import environment
from cluster.errors import ClusterError
from cluster.multinode.processes import is_program, kill_all, marked_processes, send_all
from cluster.multinode.ray_start import start_node
from cluster.multinode.state import ClusterState, LocalNode, cluster_folder, remove_traces
from cluster.token import TOKEN_PATH, token_mode

SUPERVISOR = "supervisor"
GCS = "gcs_server"
JOIN_TIMEOUT_S = 60.0
_ASK_TIMEOUT_S = 5.0
_PAUSE_S = 0.05
_ALIVE = 0  # of Ray's GcsNodeState


class LocalCluster:
    """Commands to a cluster that :func:`start_cluster` started, also by another process."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state

    @property
    def state(self) -> ClusterState:
        """Return what is known of it."""
        return self._state

    @property
    def address(self) -> str:
        """Return ``HOST:PORT`` to join it by."""
        return self._state.address

    @property
    def dashboard(self) -> str:
        """Return ``HOST:PORT`` of the dashboard, on loopback: also the door of Ray Jobs."""
        return self._state.dashboard

    @property
    def token_file(self) -> Path:
        """Return where the token lies."""
        return Path(self._state.token_file)

    @property
    def nodes(self) -> tuple[LocalNode, ...]:
        """Return every node that was ever started, the head first."""
        return self._state.nodes

    @property
    def workers(self) -> tuple[LocalNode, ...]:
        """Return the nodes that run trials and are not the head."""
        return self._state.nodes[1:]

    @property
    def is_running(self) -> bool:
        """Say whether any process of it lives."""
        return bool(marked_processes(self._state.mark))

    def live_nodes(self) -> set[str]:
        """Ask the head which nodes it takes for alive; by name."""
        with environment({TOKEN_PATH: self._state.token_file}), token_mode():
            from ray._raylet import GcsClient  # type: ignore[attr-defined]

            found = GcsClient(address=self.address).get_all_node_info(timeout=_ASK_TIMEOUT_S)
        return {node.node_name for node in found.values() if node.state == _ALIVE}

    def wait_for_nodes(self, names: Sequence[str], timeout_s: float = JOIN_TIMEOUT_S) -> None:
        """Return when the head takes all of these for alive.

        Raises:
            ClusterError: if it does not in time.
        """
        deadline = monotonic() + timeout_s
        while missing := set(names) - self.live_nodes():
            if monotonic() > deadline:
                raise ClusterError(f"nodes {', '.join(sorted(missing))} did not join in time")
            sleep(_PAUSE_S)

    def wait_until_dead(self, name: str, timeout_s: float = JOIN_TIMEOUT_S) -> float:
        """Return after how many seconds the head took a node for dead.

        Raises:
            ClusterError: if it does not in time.
        """
        started = monotonic()
        while name in self.live_nodes():
            if monotonic() - started > timeout_s:
                raise ClusterError(f"node '{name}' is alive still after {timeout_s:.0f} s")
            sleep(_PAUSE_S)
        return monotonic() - started

    def add_node(self) -> LocalNode:
        """Start one more node, like the last one; returns when it has joined.

        Raises:
            ClusterError: if it does not start.
        """
        number = len(self.nodes)
        node = replace(
            self.nodes[-1], name=f"node-{number}", address=f"{self._state.network}.{number + 1}"
        )
        self._state = self._state.with_nodes([*self.nodes, node])
        self._state.save()
        start_node(self._state, node)
        return node

    def kill(self, name: str) -> None:
        """End every process of a node at once, as a machine does that loses power.

        Raises:
            ClusterError: if there is no such node.
        """
        node = self._state.node(name)
        kill_all(lambda: marked_processes(self._state.mark, node.name))

    def kill_gcs(self) -> None:
        """End the process that holds the cluster together; the supervisor starts it again."""
        for process in marked_processes(self._state.mark, self._state.head.name):
            if is_program(process, GCS):
                process.kill()

    def freeze(self, name: str) -> None:
        """Let no process of a node go on, as a machine that hangs."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let the processes of a frozen node go on."""
        self._signal(name, signal.SIGCONT)

    def stop(self) -> None:
        """End every process of this cluster and of no other, and remove what it kept on disk."""
        mark = self._state.mark
        kill_all(lambda: marked_processes(mark, SUPERVISOR))  # or it would mend what dies here
        kill_all(lambda: marked_processes(mark))
        remove_traces(Path(self._state.temp_dir))
        remove_traces(self._state.folder)

    def _signal(self, name: str, number: int) -> None:
        node = self._state.node(name)
        send_all(marked_processes(self._state.mark, node.name), number)


def open_cluster(name: str) -> LocalCluster:
    """Return a cluster that was started on this machine, by its name.

    Raises:
        ClusterError: if there is none.
    """
    return LocalCluster(ClusterState.load(cluster_folder(name)))
