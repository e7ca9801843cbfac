"""The journal in a store: immutable numbered pieces, for an object can only be written whole.

A piece is called ``journal/<first event>-<epoch>.jsonl`` and holds whole lines as they stand in the
journal here. The epoch is that of the driver that wrote it. Where a driver took over, its pieces
stand for all events from its first one on, whatever the one before it may still have written.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import JournalError
from orchestrator.storage.base import Store

FOLDER = "journal"
_NAME = re.compile(rf"{FOLDER}/(\d{{12}})-(\d{{6}})\.jsonl")


def segment_name(first_event: int, epoch: int) -> str:
    """Return the name of the piece that begins with an event."""
    return f"{FOLDER}/{first_event:012d}-{epoch:06d}.jsonl"


def join_segments(pieces: Mapping[str, bytes], *, uri: str) -> bytes:
    """Put the journal together.

    Args:
        pieces: contents by name.
        uri: of the run folder, for messages.

    Raises:
        JournalError: if a piece is missing, or is none; names it.
    """
    lines: list[bytes] = []
    epoch_before = -1
    for epoch, first, name in sorted(_parse(name, uri) for name in pieces):
        is_takeover, epoch_before = epoch != epoch_before, epoch
        if first > len(lines) or (first < len(lines) and not is_takeover):
            raise JournalError(
                f"{uri}: {FOLDER}/: events {len(lines)} to {first - 1} are missing before "
                f"{name.removeprefix(FOLDER + '/')}"
                if first > len(lines)
                else f"{uri}: {name}: repeats event {first}"
            )
        lines[first:] = pieces[name].splitlines(keepends=True)
    return b"".join(lines)


def _parse(name: str, uri: str) -> tuple[int, int, str]:
    found = _NAME.fullmatch(name)
    if found is None:
        raise JournalError(f"{uri}: {name}: no piece of a journal")
    return int(found[2]), int(found[1]), name


class JournalShipment:
    """Stores what is appended to a journal file, piece by piece.

    Args:
        store: of the run.
        path: the journal here, equal to what is stored by now.
        epoch: of this driver.
    """

    def __init__(self, store: Store, path: Path, epoch: int) -> None:
        self._store, self._path, self._epoch = store, path, epoch
        stored = path.read_bytes() if path.exists() else b""
        self._num_bytes, self._num_events = len(stored), stored.count(b"\n")

    def ship(self) -> None:
        """Store the lines that are on disk and not stored yet; returns once they are.

        Raises:
            StoreError: if the store does not answer; the lines stay to be shipped.
        """
        with self._path.open("rb") as file:
            file.seek(self._num_bytes)
            rest = file.read()
        lines = rest[: rest.rfind(b"\n") + 1]
        if not lines:
            return
        self._store.write(segment_name(self._num_events, self._epoch), lines)
        self._num_bytes += len(lines)
        self._num_events += lines.count(b"\n")
