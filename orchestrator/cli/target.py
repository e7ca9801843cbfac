"""What a file that a user names for output must be like, checked before any work."""

from pathlib import Path

from orchestrator.errors import UsageError


def check_target(path: Path, suffixes: tuple[str, ...], *, may_replace: bool) -> None:
    """Check that a file can be written without losing another one.

    Raises:
        UsageError: if its name ends otherwise, it is a folder, or it exists and may not be
            replaced.
    """
    if path.suffix not in suffixes:
        raise UsageError(f"{path}: the name must end in {' or '.join(suffixes)}")
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file")
    if path.exists() and not may_replace:
        raise UsageError(f"{path}: exists already; --force replaces a file")
