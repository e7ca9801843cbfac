"""The processes of a cluster, found by the mark that they inherit in their environment.

A mark is random, so that neither a reused process id nor a command line that happens to look
alike is ever taken for ours; children of a dead parent keep it, too. A process whose environment
cannot be read any more, as one that gave itself a long title, is where its parent is.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import psutil

from cluster.errors import ClusterError

MARK, NODE = "GANORCH_CLUSTER_MARK", "GANORCH_CLUSTER_NODE"
_KILL_TIMEOUT_S = 20.0
_PAUSE_S = 0.05
_Place = tuple[str, str] | None  # mark and node


def marked_processes(mark: str, node: str | None = None) -> list[psutil.Process]:
    """Return the live processes that carry a mark: of one node, or all."""
    processes = {process.pid: process for process in psutil.process_iter()}
    places: dict[int, _Place] = {}
    return [
        process
        for process in processes.values()
        if (place := _place(process, processes, places)) is not None
        and place[0] == mark
        and node in (None, place[1])
        and is_alive(process)
    ]


def environment_of(process: psutil.Process) -> dict[str, str]:
    """Return what a process was started with; empty where it has ended or is somebody else's.

    Read by hand: psutil stops at the first gap, and a process that changes its title, as Ray's do,
    leaves one.
    """
    try:
        found = Path(f"/proc/{process.pid}/environ").read_bytes().decode(errors="replace")
    except OSError:
        return {}
    pairs = (entry.partition("=") for entry in found.split("\0"))
    return {name: value for name, equals, value in pairs if equals}


def spawn(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Start a process that outlives this one, silent and in a session of its own; return its id."""
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    return os.posix_spawn(command[0], tuple(command), environment, file_actions=silent, setsid=True)


def is_alive(process: psutil.Process) -> bool:
    """Say whether a process runs, or could: a zombie does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def is_program(process: psutil.Process, program: str) -> bool:
    """Say whether a process was started from a file of this name."""
    try:
        return any(word.rpartition("/")[2] == program for word in process.cmdline()[:4])
    except psutil.Error:
        return False


def kill_all(find: Callable[[], Sequence[psutil.Process]]) -> None:
    """Kill until none is found any more: what is found may have children that start meanwhile.

    Raises:
        ClusterError: if some do not die; names them.
    """
    deadline = monotonic() + _KILL_TIMEOUT_S
    while found := find():
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()  # psutil looks first whether the id has been given away
        psutil.wait_procs(found, timeout=1)
        if monotonic() > deadline:
            pids = ", ".join(str(process.pid) for process in found)
            raise ClusterError(f"processes {pids} do not die: look at them with `ps`")
        sleep(_PAUSE_S)


def send_all(processes: Sequence[psutil.Process], number: int) -> None:
    """Send a signal to each that still lives."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _place(
    process: psutil.Process, processes: dict[int, psutil.Process], places: dict[int, _Place]
) -> _Place:
    """Return mark and node of a process, its own or its parent's; remembered in ``places``."""
    if process.pid not in places:
        environment = environment_of(process)
        if MARK in environment:
            places[process.pid] = (environment[MARK], environment.get(NODE, ""))
        else:
            parent = processes.get(_parent_id(process))
            places[process.pid] = None if parent is None else _place(parent, processes, places)
    return places[process.pid]


def _parent_id(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.NoSuchProcess:
        return 0
