"""Files that appear whole or not at all, folders likewise, and what a disk may refuse."""

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from gan_models.errors import StorageError

# what a disk that is full, read-only, over its quota, broken or gone says
STORAGE_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE)
RESERVE_BYTES = 1 << 20  # so that a journal can still say what happened
_DRAFT = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}")


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; on success it takes the place of ``path``.

    The content is on disk before it gets its name, so a crash leaves the old file or the new one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path)
    try:
        yield draft
        flush(draft)
        draft.replace(path)
        flush(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside ``path``; on success it takes the place of ``path``.

    A former folder is moved aside before it is removed: ``path`` is never half of a folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft, former = draft_of(path), draft_of(path)
    draft.mkdir()
    try:
        yield draft
        for entry in (*draft.rglob("*"), draft):
            flush(entry)
        if path.exists():
            path.replace(former)
        draft.replace(path)
        flush(path.parent)
        shutil.rmtree(former, ignore_errors=True)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write plain data as readable JSON, whole or not at all; refuses NaN and infinity."""
    write_text(path, _json(value))


def is_json(path: Path, value: Any) -> bool:
    """Say whether a file is what :func:`write_json` would write."""
    try:
        return path.read_bytes() == _json(value).encode()
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_aside(path: Path) -> Path:
    """Rename what does not verify, so that nothing takes it for whole; return its new name.

    What stood under that name goes: it was damaged before.
    """
    aside = path.with_name(f"damaged-{path.name}")
    if aside.is_dir():
        shutil.rmtree(aside)
    path.replace(aside)
    flush(path.parent)
    return aside


def discard(folder: Path) -> None:
    """Remove a folder, its name first: a kill leaves no half of it under that name."""
    doomed = draft_of(folder)
    folder.replace(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def remove_drafts(folder: Path) -> None:
    """Remove below ``folder`` what processes that were killed had begun to write, or to remove."""
    for path in list(folder.rglob(".*")):
        if not is_draft(path):
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def check_space(folder: Path, num_bytes: int) -> None:
    """Look whether so many bytes fit, before a half of them fills the disk.

    Raises:
        StorageError: if they do not.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < num_bytes + RESERVE_BYTES:
        raise StorageError(
            f"{folder}: cannot be written (No space left on device: {num_bytes / 1e6:.3g} MB are "
            f"needed, {free_bytes / 1e6:.3g} MB are free)"
        )


@contextmanager
def storing(folder: Path) -> Iterator[None]:
    """Tell a disk that is full, read-only or gone from every other failure within.

    Args:
        folder: of the work; named where the failure names no file.

    Raises:
        StorageError: in place of the OSError of such a disk.
    """
    try:
        yield
    except OSError as error:
        is_gone = error.errno == errno.ENOENT and not folder.exists()
        if not is_gone and error.errno not in STORAGE_ERRNOS:
            raise
        path = folder if is_gone else _meant(error.filename or folder)
        reason = "it is gone" if is_gone else os.strerror(error.errno or 0)
        raise StorageError(f"{path}: cannot be written ({reason})") from error


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, allow_nan=False) + "\n"


def _meant(path: str | bytes | Path) -> Path:
    """Return the path for which a draft stands."""
    found = Path(os.fsdecode(path))
    draft = _DRAFT.fullmatch(found.name)
    return found if draft is None else found.with_name(draft["name"])


def is_draft(path: Path) -> bool:
    """Say whether a name is one that :func:`draft_of` gives."""
    return _DRAFT.fullmatch(path.name) is not None


def draft_of(path: Path) -> Path:
    """Return a name beside ``path`` under which nobody looks for anything."""
    # not tempfile's: those only their owner may read, and a run folder may be a team's
    return path.with_name(f".{path.name}.{token_hex(8)}")


def flush(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
