"""The calls of a process that change files below a folder, told before they happen."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from orchestrator.cli.errors import CommandError, one_line_errors

GROWING = ("open", "os.mkdir", "os.write", "os.fsync")  # what a full disk refuses
_CHANGING = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.utime")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class CallCounter:
    """Counts the calls that open to write, make, rename, cut, remove, write or flush a file.

    What libraries write without Python is not seen, but it is flushed through Python.

    Args:
        root: the folder.
        on_call: is told number and name of each call; what it raises, the call raises.
    """

    def __init__(self, root: Path, on_call: Callable[[int, str], None]) -> None:
        self._root, self._on_call = str(root), on_call
        self._num_calls = 0
        self._is_inside = False

    def install(self) -> None:
        """Begin to count; there is no way back, so do it in a process of its own."""
        sys.addaudithook(self._hear)
        for name in ("fsync", "write", "ftruncate"):
            setattr(os, name, self._counted(name, getattr(os, name)))

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            is_change = bool(flags & _WRITING)
        else:
            path, is_change = (arguments or ("",))[0], event in _CHANGING
        if is_change and isinstance(path, str | os.PathLike):
            self._count(os.fspath(path), event)

    def _counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(handle: int, *arguments: Any) -> Any:
            self._count(os.readlink(f"/proc/self/fd/{handle}"), f"os.{name}")
            return call(handle, *arguments)

        return counted

    def _count(self, path: str, name: str) -> None:
        if self._is_inside or not path.startswith(self._root):
            return
        number, self._is_inside = self._num_calls, True
        self._num_calls += 1
        try:
            self._on_call(number, name)
        finally:
            self._is_inside = False


def in_child(work: Callable[[], object], *, log: Path | None = None) -> int:
    """Carry out some work in a forked process, with the errors of a command.

    Args:
        work: what to do.
        log: gets what it writes to standard error, if given.

    Returns:
        Its exit code: 0, that of the command error, or 1 after a traceback.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        os._exit(_exit_code(work, log))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _exit_code(work: Callable[[], object], log: Path | None) -> int:
    if log is not None:
        os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    try:
        with one_line_errors():
            work()
    except CommandError as error:
        os.write(2, f"ganorch: {error.message}\n".encode())
        return error.exit_code
    except BaseException as error:
        os.write(2, f"Traceback: {error!r}\n".encode())
        return 1
    return 0
