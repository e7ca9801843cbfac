"""The contract of a store of files."""

from pathlib import Path
from typing import NamedTuple, Protocol


class StoredFile(NamedTuple):
    """What a listing says of one file."""

    size_bytes: int
    mtime_ns: int  # by the clock of the store


class Store(Protocol):
    """Files under one folder, by names relative to it with ``/`` between parts.

    A file appears whole or not at all. Every method waits and tries again for a bounded time while
    the store does not answer or refuses, and then raises ``StoreError``.
    """

    @property
    def uri(self) -> str:
        """How people name the folder; holds no secret."""
        ...

    def probe(self) -> None:
        """Look whether the store can be used at all, without patience for a refusal.

        Raises:
            RunFolderError: if the bucket is missing, or access is refused.
        """
        ...

    def list(self, part: str = "", *, is_deep: bool = True) -> dict[str, StoredFile]:
        """Return the files in the folder ``part``, with those in its folders if ``is_deep``."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            FileNotFoundError: if there is none of the name.
        """
        ...

    def write(self, name: str, content: bytes) -> None:
        """Make or replace a file."""
        ...

    def get(self, name: str, target: Path) -> None:
        """Copy a file from the store to ``target``, whole or not at all.

        Raises:
            FileNotFoundError: if there is none of the name.
        """
        ...

    def put(self, source: Path, name: str) -> None:
        """Copy a local file to the store."""
        ...

    def delete(self, name: str) -> None:
        """Remove a file; nothing if there is none."""
        ...
