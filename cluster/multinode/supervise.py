"""``python -m cluster.multinode.supervise FOLDER``: start again what dies of a head node.

Ray itself never restarts its GCS. State that outlives it (RocksDB, Redis) makes a restart harmless:
nodes and drivers wait for it and go on.
"""

import os
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import psutil

from cluster.errors import ClusterError
from cluster.multinode.processes import (
    environment_of,
    is_alive,
    is_program,
    kill_all,
    marked_processes,
    spawn,
)
from cluster.multinode.ray_start import node_folder, start_node
from cluster.multinode.state import ClusterState

_PAUSE_S = 0.5
_MOST_RESTARTS, _WITHIN_S = 5, 60.0  # more often, and it would never come up
DAEMONS = ("gcs_server", "dashboard.py")  # each can be started again alone
RAYLET = "raylet"  # takes its node with it


@dataclass
class Daemon:
    """A process of the head, and what it was started with."""

    process: psutil.Process
    command: list[str]
    environment: dict[str, str]

    @classmethod
    def find(cls, state: ClusterState, program: str) -> "Daemon | None":
        """Find it among the processes of the head; None if it is not there."""
        for process in marked_processes(state.mark, state.head.name):
            if is_program(process, program):
                return cls(process, process.cmdline(), environment_of(process))
        return None

    def start_again(self) -> None:
        """Start it as it was started; the dead one is cleared away if it was a child."""
        with suppress(psutil.Error):
            self.process.wait(timeout=1)
        self.process = psutil.Process(spawn(self.command, self.environment))


class Supervisor:
    """Watches the head of one cluster."""

    def __init__(self, state: ClusterState) -> None:
        self._state = state
        self._restarts: deque[float] = deque(maxlen=_MOST_RESTARTS)
        self._daemons: dict[str, Daemon] = {}
        self._look_around()

    def check(self) -> None:
        """Start again what has died since the last look.

        Raises:
            ClusterError: if it died too often.
        """
        if not is_alive(self._daemons[RAYLET].process):
            self._count(RAYLET)
            self._start_head_again()
            return
        for program in DAEMONS:
            daemon = self._daemons[program]
            if not is_alive(daemon.process):
                self._count(program)
                daemon.start_again()

    def _start_head_again(self) -> None:
        head = self._state.head
        kill_all(lambda: marked_processes(self._state.mark, head.name))
        # where other nodes live and this file says the same address, Ray refuses to start
        (node_folder(self._state, head) / "ray_current_cluster").unlink(missing_ok=True)
        start_node(self._state, head)
        self._look_around()

    def _look_around(self) -> None:
        for program in (*DAEMONS, RAYLET):
            daemon = Daemon.find(self._state, program)
            if daemon is None:
                raise ClusterError(f"the head has no {program}")
            self._daemons[program] = daemon

    def _count(self, program: str) -> None:
        now = monotonic()
        if len(self._restarts) == _MOST_RESTARTS and now - self._restarts[0] < _WITHIN_S:
            raise ClusterError(f"{program} died: too often to be started again")
        self._restarts.append(now)
        say(self._state, f"{program} died: started again")


def say(state: ClusterState, line: str) -> None:
    """Add a line to the log."""
    with state.log.open("a") as log:
        log.write(f"{datetime.now().isoformat(timespec='seconds')} {line}\n")


def main(folder: Path) -> int:
    """Watch until the cluster is stopped, or cannot be held up."""
    state = ClusterState.load(folder)
    try:
        supervisor = Supervisor(state)
        say(state, "watches the head")
        while folder.is_dir():
            supervisor.check()
            sleep(_PAUSE_S)
    except ClusterError as error:
        say(state, f"gives up: {error}")
        return 1
    return 0


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(Path(sys.argv[1])))
