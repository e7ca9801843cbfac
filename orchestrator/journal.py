"""The append-only journal of a sweep: one JSON event a line, on disk before it counts.

One process writes it, any may read it. A line torn by a crash is cut off when the journal is
opened for writing; a damaged line elsewhere is an error that names it, never a silent restart.
"""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orchestrator.errors import JournalError

Event = dict[str, Any]


class Journal:
    """Writes events in order; each has ``seq`` (0, 1, …), ``event`` (its name) and ``time_s``.

    ``recalled`` holds the events that stood in the file when it was opened. Order is by ``seq``;
    ``time_s`` (seconds since the epoch) only tells people when.

    Raises:
        JournalError: if an existing journal is damaged.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_torn_tail(path)
        self.recalled = read_journal(path)
        self._next_seq = len(self.recalled)
        self._file = path.open("ab")

    def append(self, event: str, **values: Any) -> Event:
        """Write one event and wait until it is on disk."""
        stamp = {"seq": self._next_seq, "event": event, "time_s": round(self._clock(), 3)}
        entry: Event = {**stamp, **values}
        line = json.dumps(entry, allow_nan=False, separators=(",", ":"))
        self._file.write(line.encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._next_seq += 1
        return entry

    def close(self) -> None:
        """Close the file; every event is on disk already."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def read_journal(path: Path) -> list[Event]:
    """Return every event in order; none if the file does not exist. A torn last line is left out.

    Raises:
        JournalError: if a line is damaged, missing or out of order; names file and line.
    """
    if not path.exists():
        return []
    whole_lines = path.read_bytes().split(b"\n")[:-1]
    return [_parse(path, number, line) for number, line in enumerate(whole_lines)]


def _parse(path: Path, number: int, line: bytes) -> Event:
    try:
        event = json.loads(line)
    except ValueError as error:
        raise JournalError(f"{path}, line {number + 1}: not a JSON event ({error})") from error
    if not isinstance(event, dict) or event.get("seq") != number or "event" not in event:
        raise JournalError(f"{path}, line {number + 1}: not event {number} of this journal")
    return event


def _cut_torn_tail(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        os.fsync(file.fileno())
