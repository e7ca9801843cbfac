"""Manifests: what a folder holds, with sizes and checksums, and a checksum over the manifest too.

A manifest is written last, into a folder that gets its name after that: what it does not vouch for
was never committed. Not one bit of it can change unseen, nor of the files that it lists.
"""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from gan_models.errors import DamageError
from gan_models.files import file_sha256, write_text

_SEAL, _FILES = "sha256", "files"


def write_sealed(path: Path, facts: Mapping[str, Any]) -> None:
    """Write plain data as readable JSON whose last entry, ``sha256``, is over all the others."""
    text = _text(facts)
    write_text(path, _text({**facts, _SEAL: hashlib.sha256(text.encode()).hexdigest()}))


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what :func:`write_sealed` wrote.

    Raises:
        DamageError: if the file is missing, or anything in it has changed.
    """
    try:
        text = path.read_text(encoding="utf-8")
        facts: dict[str, Any] = json.loads(text)
        is_as_written = _text(facts) == text  # 1e-5 and 1E-5 are one number, but not one file
        seal = facts.pop(_SEAL)
    except OSError as error:
        raise DamageError(f"{path}: missing or unreadable ({error.strerror})") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamageError(f"{path}: damaged (not a manifest)") from error
    if not is_as_written or seal != hashlib.sha256(_text(facts).encode()).hexdigest():
        raise DamageError(f"{path}: damaged (its checksum does not match)")
    return facts


def write_manifest(path: Path, facts: Mapping[str, Any]) -> None:
    """Write ``facts``, and of every other file in the folder of ``path`` its size and SHA-256."""
    others = sorted(file for file in path.parent.rglob("*") if file.is_file() and file != path)
    files = {str(file.relative_to(path.parent)): describe_file(file) for file in others}
    write_sealed(path, {**facts, _FILES: files})


def read_manifest(path: Path, *, only: Collection[str] | None = None) -> dict[str, Any]:
    """Return the facts in a manifest, once its files are found to be what they were.

    Args:
        path: of the manifest.
        only: the names of the files that matter to the caller; None for every file that it lists.

    Raises:
        DamageError: naming the first file, or the manifest, that is missing or has changed.
    """
    facts = read_sealed(path)
    files: dict[str, dict[str, Any]] = facts.pop(_FILES, {})
    for name in files if only is None else only:
        check_file(path.parent / name, [files.get(name, {})])
    return facts


def check_file(path: Path, descriptions: Collection[Mapping[str, Any]]) -> None:
    """Check that a file is one of those that are described by size and SHA-256.

    Raises:
        DamageError: if it is missing, or none of them.
    """
    try:
        found = describe_file(path)
    except OSError as error:
        raise DamageError(f"{path}: missing or damaged ({error.strerror})") from error
    if found not in descriptions:
        raise DamageError(f"{path}: missing or damaged (its checksum does not match)")


def describe_file(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of a file."""
    return {"size_bytes": path.stat().st_size, "sha256": file_sha256(path)}


def _text(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, indent=2, allow_nan=False) + "\n"
