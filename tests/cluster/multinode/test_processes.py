import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import psutil
import pytest

from cluster.errors import ClusterError
from cluster.multinode import processes
from cluster.multinode.processes import (
    MARK,
    NODE,
    environment_of,
    is_alive,
    is_program,
    kill_all,
    marked_processes,
    send_all,
)

PARENT = """
import os, subprocess, sys
child = subprocess.Popen(["sleep", "60"], env={} if sys.argv[1] == "bare" else None)
print(child.pid, flush=True)
child.wait()
"""


class Family:
    """A marked parent and its child, whose environment is empty or inherited."""

    def __init__(self, mark: str, node: str, child: str = "marked") -> None:
        environment = {**os.environ, MARK: mark, NODE: node}
        self.parent = subprocess.Popen(
            [sys.executable, "-c", PARENT, child], env=environment, stdout=subprocess.PIPE
        )
        assert self.parent.stdout is not None
        self.pids = {self.parent.pid, int(self.parent.stdout.readline())}

    def end(self) -> None:
        for pid in self.pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.parent.wait()
        assert self.parent.stdout is not None
        self.parent.stdout.close()


@pytest.fixture
def families() -> Iterator[list[Family]]:
    started = [Family("m1", "a"), Family("m1", "b", "bare"), Family("m2", "a")]
    yield started
    for family in started:
        family.end()


def pids(found: list[psutil.Process]) -> set[int]:
    return {process.pid for process in found}


def test_a_mark_finds_its_processes_and_no_others(families: list[Family]) -> None:
    first, second, other = families
    assert pids(marked_processes("m1")) == first.pids | second.pids
    assert pids(marked_processes("m1", "a")) == first.pids
    assert pids(marked_processes("m2")) == other.pids
    assert marked_processes("m3") == []


def test_a_child_without_an_environment_is_where_its_parent_is(families: list[Family]) -> None:
    assert pids(marked_processes("m1", "b")) == families[1].pids


def test_an_orphan_keeps_its_mark(families: list[Family]) -> None:
    family = families[0]
    family.parent.kill()
    family.parent.wait()
    assert pids(marked_processes("m1", "a")) == family.pids - {family.parent.pid}


def test_killing_ends_all_that_are_found_and_spares_the_rest(families: list[Family]) -> None:
    kill_all(lambda: marked_processes("m1"))
    assert marked_processes("m1") == []
    assert pids(marked_processes("m2")) == families[2].pids


def test_what_does_not_die_is_named(
    families: list[Family], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil.Process, "kill", lambda self: None)
    monkeypatch.setattr(processes, "_KILL_TIMEOUT_S", 0)
    monkeypatch.setattr(psutil, "wait_procs", lambda found, timeout: None)
    found = [psutil.Process(families[0].parent.pid)]
    with pytest.raises(ClusterError, match=f"processes {found[0].pid} do not die"):
        kill_all(lambda: found)


def test_a_signal_goes_to_each_and_the_dead_are_passed_over(families: list[Family]) -> None:
    family = families[0]
    alive = marked_processes("m1", "a")
    family.end()
    send_all(alive, signal.SIGSTOP)
    frozen = marked_processes("m2")
    send_all(frozen, signal.SIGSTOP)
    deadline = monotonic() + 5
    while {process.status() for process in frozen} != {psutil.STATUS_STOPPED}:
        assert monotonic() < deadline


def test_a_zombie_is_not_alive() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    process = psutil.Process(child.pid)
    while process.status() != psutil.STATUS_ZOMBIE:
        pass
    assert not is_alive(process)
    child.wait()
    assert not is_alive(process)
    assert environment_of(process) == {}
    assert not is_program(process, "python")


def test_a_program_is_known_by_its_file(families: list[Family]) -> None:
    process = psutil.Process(max(families[0].pids))
    assert is_program(process, "sleep")
    assert not is_program(process, "slee")
