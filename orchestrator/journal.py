"""The append-only journal of a sweep: one JSON event a line, on disk before it counts.

One driver writes it, any process may read it. A line torn by a crash is cut off when the journal is
opened for writing; any other damage is an error that names the line, never a silent restart. Each
line's checksum starts from the one before, so a line that is changed, missing, moved or put in
shows. Lines of before there were checksums are read as well.

Each driver writes under an ``epoch`` of its own, one more than the last in the file. Before each
line it looks whether the file is as it left it: one that was frozen, or lost its lock on a file
system that keeps none, finds the lines of whoever took over, and stops without writing. Between
that look and the write nothing keeps two drivers apart but the lock; if both write then, the next
to read finds a line out of place, and says so.
"""

import json
import os
import time
import zlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gan_models.files import flush, storing
from orchestrator.errors import JournalError, TakenOverError
from orchestrator.paths import RunPaths
from orchestrator.sealed_lines import is_more_than_torn, seal_line, split_seal

Event = dict[str, Any]


class Journal:
    """Writes events in order; each has ``seq`` (0, 1, …), ``event`` (its name) and ``time_s``.

    ``recalled`` holds the events that stood in the file when it was opened, until they are
    taken; ``epoch`` counts the drivers. Order is by ``seq``; ``time_s`` (seconds since the
    epoch) only tells people when.

    Raises:
        JournalError: if an existing journal is damaged.
        StorageError: if the disk is full, read-only or gone.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path, self._clock = path, clock
        self._has_torn_tail = False
        with storing(path.parent):
            _create(path)
            content = path.read_bytes()
            whole = _whole_lines(path, content)
            if len(whole) < len(content):
                os.truncate(path, len(whole))
                flush(path)
            self._file = _identity(path.stat())
        self.recalled, self._crc = _parse(path, whole)
        self.epoch = 1 + max((event.get("epoch", 0) for event in self.recalled), default=0)
        self._next_seq, self._size_bytes = len(self.recalled), len(whole)

    def take_recalled(self) -> list[Event]:
        """Return the events that stood in the file, and let go of them: many fill the memory."""
        events, self.recalled = self.recalled, []
        return events

    @property
    def num_events(self) -> int:
        """How many events are on disk; it only grows, from driver to driver, too."""
        return self._next_seq

    def append(self, event: str, **values: Any) -> Event:
        """Write one event and wait until it is on disk.

        Raises:
            TakenOverError: if another driver writes this journal; nothing is written then.
            StorageError: if the disk is full, read-only or gone; a later append, or another
                driver, goes on behind the event before this one.
        """
        stamp = {"seq": self._next_seq, "event": event, "time_s": round(self._clock(), 3)}
        entry: Event = {**stamp, "epoch": self.epoch, **values}
        line, crc = seal_line(entry, self._crc)
        with storing(self._path):
            self._commit(line + b"\n")
        self._crc, self._next_seq = crc, self._next_seq + 1
        return entry

    def close(self) -> None:
        """Every event is on disk already, and no file is held open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _commit(self, line: bytes) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND)  # anew: this asks a shared disk
        try:
            self._check_own(handle)
            self._has_torn_tail = True
            _write_all(handle, line)
            os.fsync(handle)
            self._has_torn_tail = False
        except OSError:
            with suppress(OSError):
                self._cut_back(handle)
            raise
        finally:
            os.close(handle)
        self._size_bytes += len(line)

    def _check_own(self, handle: int) -> None:
        """Check that nobody has written since this driver did; cut off a half line of its own."""
        if self._has_torn_tail:
            self._cut_back(handle)
        found = os.fstat(handle)
        if _identity(found) == self._file and found.st_size == self._size_bytes:
            return
        raise TakenOverError(
            f"{self._path}: no longer as this driver (epoch {self.epoch}) left it: another one "
            f"({_last_writer(self._path)}) has taken the sweep over; this one has stopped and "
            "written nothing"
        )

    def _cut_back(self, handle: int) -> None:
        if self._has_torn_tail and _identity(os.fstat(handle)) == self._file:
            os.ftruncate(handle, self._size_bytes)
            os.fsync(handle)
            self._has_torn_tail = False


def read_journal(path: Path) -> list[Event]:
    """Return every event in order; none if the file does not exist. A torn last line is left out.

    Raises:
        JournalError: if a line is damaged, missing or out of order; names file and line.
    """
    if not path.exists():
        return []
    return _parse(path, _whole_lines(path, path.read_bytes()))[0]


def open_events(paths: RunPaths) -> list[Event]:
    """Read the journal of a run folder; it may be empty only where nothing has happened yet.

    Raises:
        JournalError: if it is damaged, or missing or empty beside what a sweep left.
    """
    events = read_journal(paths.journal)
    check_not_lost(paths, events)
    return events


def check_not_lost(paths: RunPaths, events: Iterable[Event]) -> None:
    """Check that a journal with these events knows of what lies in its run folder.

    Raises:
        JournalError: if it tells of no trial, and trials or results are there.
    """
    if any(event["event"] == "proposed" for event in events):
        return
    left = [
        folder.name
        for folder in (paths.trials, paths.best)
        if folder.is_dir() and any(folder.iterdir())
    ]
    if left:
        raise JournalError(
            f"{paths.journal}: missing or empty, though {' and '.join(left)} hold what a sweep "
            "made: put back a copy of the file, or begin anew in another folder"
        )


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch()
        flush(path)
        flush(path.parent)


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _whole_lines(path: Path, content: bytes) -> bytes:
    whole = content[: content.rfind(b"\n") + 1]
    if is_more_than_torn(content[len(whole) :]):
        raise _damage(path, whole.count(b"\n"), "its end was changed")
    return whole


def _parse(path: Path, content: bytes) -> tuple[list[Event], int]:
    """Return the events of whole lines, and the checksum from which the next line starts."""
    events: list[Event] = []
    crc, epoch = 0, 0
    for number, line in enumerate(content.split(b"\n")[:-1]):
        body, seal = split_seal(line)
        crc = zlib.crc32(body, crc)
        event = _event(path, number, body)
        if event.get("epoch", 0) < epoch:
            raise _damage(path, number, "written by a driver after another had taken over")
        epoch = event.get("epoch", 0)
        if seal is None and epoch:
            raise _damage(path, number, "its checksum is missing")
        if seal is not None and (seal != crc or not epoch):
            raise _damage(path, number, "its checksum does not match")
        events.append(event)
    return events, crc


def _event(path: Path, number: int, body: bytes) -> Event:
    try:
        event = json.loads(body)
    except ValueError as error:
        raise _damage(path, number, f"not a JSON event ({error})") from error
    if not isinstance(event, dict) or event.get("seq") != number or "event" not in event:
        raise _damage(path, number, f"not event {number} of this journal")
    if not isinstance(event.get("epoch", 0), int):
        raise _damage(path, number, "its epoch is no number")
    return event


def _damage(path: Path, number: int, what: str) -> JournalError:
    return JournalError(f"{path}, line {number + 1}: {what}")


def _last_writer(path: Path) -> str:
    """Say of which driver the last line is, as far as it can be read."""
    try:
        return f"epoch {json.loads(path.read_bytes().splitlines()[-1])['epoch']}"
    except (OSError, ValueError, LookupError, TypeError):
        return "unknown"
