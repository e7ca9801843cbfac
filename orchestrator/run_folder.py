"""A run folder: made once, never overwritten, opened by every later command."""

from orchestrator.config.load import load_config
from orchestrator.config.model import SweepConfig
from orchestrator.errors import RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths


def open_config(paths: RunPaths) -> SweepConfig:
    """Read the resolved configuration of a run folder.

    Raises:
        RunFolderError: if there is none.
    """
    if not paths.sweep.is_file():
        raise RunFolderError(f"{paths.root}: not a run folder (it has no {paths.sweep.name})")
    return load_config(paths.sweep)


def open_history(paths: RunPaths) -> SweepHistory:
    """Read what has happened in a run folder so far.

    Raises:
        RunFolderError: if it is not a run folder.
        JournalError: if its journal is damaged.
    """
    open_config(paths)
    return SweepHistory.replay(read_journal(paths.journal))


def create_run_folder(paths: RunPaths) -> None:
    """Make the folder, which must not exist or be empty.

    Raises:
        RunFolderError: if it holds anything, or cannot be written.
    """
    root = paths.root
    try:
        root.mkdir(parents=True, exist_ok=True)
        is_taken = any(root.iterdir())
        if not is_taken:
            probe = root / ".writable"
            probe.touch()
            probe.unlink()
    except OSError as error:
        raise RunFolderError(f"{root}: cannot be written ({error.strerror})") from error
    if is_taken:
        raise RunFolderError(
            f"{root}: exists already and is not overwritten: choose another --out, or go on "
            f"with it by `ganorch resume {root}`"
        )
