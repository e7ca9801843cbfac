"""A run folder: made once, never overwritten, opened by every later command."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gan_models.files import draft_of, is_draft
from gan_models.metrics.protocol import Protocol
from orchestrator.config.load import build_config, load_config, parse_assignment, save_config
from orchestrator.config.model import SweepConfig
from orchestrator.driver import sole_driver
from orchestrator.errors import ConfigError, RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.journal import open_events
from orchestrator.paths import RunPaths

LIMITS = (
    "budget.max_hours",
    "budget.max_gpu_hours",
    "budget.max_trials",
    "search.trials",
    "search.stop_when_settled",
)

# where a sweep runs and who looks on, not what it is
PLACES = ("backend", "resources", "faults", "data.path", "search.mirror", "modules.folders")


def open_config(paths: RunPaths) -> SweepConfig:
    """Read the resolved configuration of a run folder.

    Raises:
        RunFolderError: if there is none.
    """
    if not paths.sweep.is_file():
        raise RunFolderError(f"{paths.root}: not a run folder (it has no {paths.sweep.name})")
    return load_config(paths.sweep)


def change_limits(paths: RunPaths, overrides: Sequence[str]) -> None:
    """Change how much a sweep that has begun may spend; what its trials are stays as it is.

    Args:
        paths: of the run folder.
        overrides: ``key=value`` with keys of :data:`LIMITS`.

    Raises:
        RunFolderError: if it is not a run folder, or another process is driving it.
        ConfigError: if another key is given, or a value cannot be meant.
    """
    open_config(paths)
    for override in overrides:
        if parse_assignment(override, option="--set")[0] not in LIMITS:
            raise ConfigError(
                f"--set {override}: of a sweep that has begun, only these can be changed: "
                f"{', '.join(LIMITS)}"
            )
    with sole_driver(paths):
        save_config(paths.sweep, load_config(paths.sweep, overrides))


def check_same_sweep(paths: RunPaths, config: SweepConfig) -> None:
    """Check that a run folder holds the sweep that a spec asks for, whatever it may spend or where.

    The folder's own limits and places stay as they are: ``resume --set`` changes limits.

    Raises:
        RunFolderError: if it holds another one; names the first key that differs.
    """
    there, asked = _flat(open_config(paths)), _flat(config)
    for key in sorted({*there, *asked}):
        if (
            not _may_change(key)
            and not key.startswith("modules.")
            and there.get(key) != asked.get(key)
        ):
            raise RunFolderError(
                f"{paths.root}: holds another sweep ({key} = {there.get(key)!r}, and "
                f"{asked.get(key)!r} is asked for): choose another --out, or go on with that one "
                f"by `ganorch resume {paths.root}`"
            )


def check_config(paths: RunPaths, config: SweepConfig, history: SweepHistory) -> None:
    """Check that ``sweep.yaml`` is what the sweep began by, but for its limits and its place.

    Raises:
        ConfigError: naming the first key that has changed, and what it was.
    """
    if history.config is None:
        return
    before = _flat(build_config(history.config, where=str(paths.journal)))
    now = _flat(config)
    for key in {**before, **now}:
        if not _may_change(key) and before.get(key) != now.get(key):
            raise ConfigError(
                f"{paths.sweep}: {key} = {now.get(key)!r}, but the sweep began with "
                f"{before.get(key)!r}: put that back, or begin another sweep (`ganorch resume "
                "--set` changes limits)"
            )


def open_history(paths: RunPaths) -> SweepHistory:
    """Read what has happened in a run folder so far.

    Raises:
        RunFolderError: if it is not a run folder.
        JournalError: if its journal is damaged.
    """
    open_config(paths)
    return SweepHistory.replay(open_events(paths))


def open_protocol(paths: RunPaths) -> Protocol:
    """Read what the scores in a run folder are measured by.

    Raises:
        RunFolderError: if it is not there yet.
        ConfigError: if the file does not hold a protocol.
    """
    if not paths.protocol.is_file():
        raise RunFolderError(
            f"{paths.protocol}: no such file: `ganorch resume {paths.root}` writes it"
        )
    try:
        return Protocol(**json.loads(paths.protocol.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{paths.protocol}: not a protocol ({error})") from error


def check_free(paths: RunPaths) -> None:
    """Look whether a new sweep may use the folder: it must not exist, or hold nothing that counts.

    A sweep that was killed before it began leaves a lock, a note and drafts.

    Raises:
        RunFolderError: if it holds anything else.
    """
    root = paths.root
    try:
        is_taken = root.is_dir() and not all(_is_left_over(paths, file) for file in root.iterdir())
    except OSError as error:
        raise RunFolderError(f"{root}: cannot be read ({error.strerror})") from error
    if is_taken:
        raise _taken(paths)


def create_run_folder(paths: RunPaths) -> None:
    """Make the folder, which must be free.

    Raises:
        RunFolderError: if it holds anything, or cannot be written.
    """
    root = paths.root
    check_free(paths)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)  # open it to a team knowingly
        probe = draft_of(root / "writable")
        probe.touch()
        probe.unlink(missing_ok=True)  # another process may be probing too
    except OSError as error:
        raise RunFolderError(f"{root}: cannot be written ({error.strerror})") from error


@contextmanager
def new_run_folder(paths: RunPaths) -> Iterator[None]:
    """Make the folder, which must be free, and keep it from other processes.

    Raises:
        RunFolderError: if it is taken or cannot be written, or another process is driving it.
    """
    create_run_folder(paths)
    with sole_driver(paths):
        if paths.sweep.exists():  # begun by another process since the folder was looked at
            raise _taken(paths)
        yield


def _is_left_over(paths: RunPaths, file: Path) -> bool:
    return file in (paths.lock, paths.driver) or is_draft(file)


def _may_change(key: str) -> bool:
    return any(key == name or key.startswith(f"{name}.") for name in (*LIMITS, *PLACES))


def _flat(config: SweepConfig) -> dict[str, Any]:
    """Return every value by its dotted key."""

    def walk(values: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in values.items():
            if isinstance(value, dict) and value:
                yield from walk(value, f"{prefix}{name}.")
            else:
                yield prefix + name, value

    return dict(walk(config.model_dump(mode="json"), ""))


def _taken(paths: RunPaths) -> RunFolderError:
    return RunFolderError(
        f"{paths.root}: exists already and is not overwritten: choose another --out, or go on "
        f"with it by `ganorch resume {paths.root}`"
    )
