"""Files that appear whole or not at all, folders likewise, and the checksum of a file."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; on success it takes the place of ``path``.

    The content is on disk before it gets its name, so a crash leaves the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _beside(path)
    try:
        yield draft
        _flush(draft)
        draft.replace(path)
        _flush(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside ``path``; on success it takes the place of ``path``.

    A former folder is moved aside before it is removed: ``path`` is never half of a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, former = _beside(path), _beside(path)
    draft.mkdir()
    try:
        yield draft
        for entry in (*draft.rglob("*"), draft):
            _flush(entry)
        if path.exists():
            path.replace(former)
        draft.replace(path)
        _flush(path.parent)
        shutil.rmtree(former, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write plain data as readable JSON, whole or not at all; refuses NaN and infinity."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(path: Path) -> Path:
    # not tempfile's: those only their owner may read, and a run folder may be a team's
    return path.with_name(f".{path.name}.{token_hex(8)}")


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
