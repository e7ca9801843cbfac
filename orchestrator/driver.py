"""Who drives a sweep: one process at a time, and the note by which others know it.

On one machine the operating system keeps drivers apart: it frees the lock of a process that died.
On a shared file system a lock may hold on one machine only. So the driver also leaves a note with
its name, and beats: it counts up in the note every few seconds. Who finds the note of another
machine waits a few beats and takes over only if none comes; no clock is compared. That is no proof:
a machine that is frozen or cut off does not beat either, and may wake up. Then the journal stops it
before it writes (:mod:`orchestrator.journal`).
"""

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gan_models.files import draft_of
from orchestrator.errors import RunFolderError
from orchestrator.paths import RunPaths

BEAT_S = 5.0
_BEATS_AWAITED = 3
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Driver:
    """A process that drives a sweep; ``boot`` tells its machine from others of the same name."""

    host: str
    boot: str
    pid: int
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since}"

    def shares_machine(self, other: "Driver") -> bool:
        """Say whether both see the same locks and processes."""
        return (self.host, self.boot) == (other.host, other.boot)


def this_driver() -> Driver:
    """Return what names this process."""
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Driver(socket.gethostname(), _boot_id(), os.getpid(), since)


def present_driver(paths: RunPaths) -> Driver | None:
    """Return who left a note in a run folder, alive or not; None if nobody did."""
    note = _read_note(paths.driver)
    return None if note is None else note[0]


def has_died(driver: Driver) -> bool:
    """Say whether it is known that a driver lives no more: of other machines it is not."""
    if not driver.shares_machine(this_driver()):
        return False
    try:
        os.kill(driver.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's process
        return False
    return False


@contextmanager
def sole_driver(paths: RunPaths) -> Iterator[None]:
    """Keep other processes from driving the same sweep; a killed one no longer holds it.

    Raises:
        RunFolderError: if another process is driving it; says which.
    """
    lock = FileLock(paths.lock, timeout=0)
    keeps_locks = True
    try:
        lock.acquire()
    except Timeout as error:
        raise _taken(paths) from error
    except NotImplementedError:  # the file system has no locks
        keeps_locks = False
    try:
        _await_silence(paths, keeps_locks=keeps_locks)
        with _beating(paths.driver):
            yield
    finally:
        lock.release()


def _await_silence(paths: RunPaths, *, keeps_locks: bool) -> None:
    """Look whether the driver that left its note still lives, where the lock does not tell.

    Raises:
        RunFolderError: if it does.
    """
    note = _read_note(paths.driver)
    if note is None or (keeps_locks and note[0].shares_machine(this_driver())):
        return
    for _ in range(_BEATS_AWAITED):
        time.sleep(BEAT_S)
        now = _read_note(paths.driver)
        if now is not None and now != note:
            raise _taken(paths)


@contextmanager
def _beating(path: Path) -> Iterator[None]:
    """Leave a note, and beat in it until the end."""
    driver, is_over = this_driver(), threading.Event()
    _write_note(path, driver, 0)

    def beat() -> None:
        count = 0
        while not is_over.wait(BEAT_S):
            count += 1
            with suppress(OSError):  # a full disk stops the sweep elsewhere, with more to say
                _write_note(path, driver, count)

    thread = threading.Thread(target=beat, name="driver-beat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        _remove_own(path, driver)


def _remove_own(path: Path, driver: Driver) -> None:
    note = _read_note(path)
    if note is not None and note[0] == driver:  # else it was taken over
        with suppress(OSError):
            path.unlink()


def _read_note(path: Path) -> tuple[Driver, int] | None:
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        count = int(values.pop("beat"))
        return Driver(**values), count
    except (OSError, ValueError, TypeError, AttributeError, LookupError):
        return None


def _write_note(path: Path, driver: Driver, count: int) -> None:
    draft = draft_of(path)
    draft.write_text(json.dumps(asdict(driver) | {"beat": count}), encoding="utf-8")
    draft.replace(path)


def _taken(paths: RunPaths) -> RunFolderError:
    driver = present_driver(paths)
    who = "it has left no note" if driver is None else driver
    return RunFolderError(
        f"{paths.root}: another process is running this sweep ({who}): wait for it, or end it first"
    )


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
