"""What a failed command says and with which code it exits: the one place that knows.

0 done · 1 failed · 2 wrong usage or configuration · 130 interrupted, 143 by a signal. Whatever is
expected becomes one line on stderr; whatever is not keeps its traceback and exits with 1.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from cluster.errors import ClusterError
from gan_models.errors import GanModelsError, StorageError
from orchestrator.errors import GanorchError, StoreError, SweepHalted, UsageError
from orchestrator.paths import RunPaths
from orchestrator.signals import Terminated
from orchestrator.storage.uri import StoreUri
from orchestrator.trial.fault import is_storage_failure
from search_spaces.errors import SpaceError

INTERRUPTED = 130  # as shells count: 128 and SIGINT's number
TERMINATED = 143  # by SIGTERM, or by SIGUSR1 that a scheduler sends before it


class CommandError(click.ClickException):
    """The end of a command in one line."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code  # type: ignore[misc]

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the line."""
        click.echo(f"ganorch: {self.message}", file=file, err=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn every expected error within into a :class:`CommandError`.

    Raises:
        CommandError: in place of an expected error.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise CommandError("interrupted", INTERRUPTED) from None
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise CommandError(_with_hint(error), UsageError.exit_code) from error
    except GanorchError as error:
        raise CommandError(str(error), error.exit_code) from error
    except StorageError as error:
        raise CommandError(str(error), GanorchError.exit_code) from error
    except (GanModelsError, SpaceError, ClusterError) as error:
        raise CommandError(str(error), UsageError.exit_code) from error


@contextmanager
def resumable(folder: Path | StoreUri) -> Iterator[None]:
    """Say how the sweep in a run folder goes on after an interruption, or once its storage works.

    Raises:
        CommandError: in place of KeyboardInterrupt, SweepHalted, StorageError, StoreError, and
            OSError of a failed storage.
    """
    try:
        yield
    except KeyboardInterrupt as stop:
        has_begun = not isinstance(folder, Path) or RunPaths(folder).sweep.is_file()
        rest = f"`ganorch resume {folder}` goes on" if has_begun else "nothing had begun yet"
        code = TERMINATED if isinstance(stop, Terminated) else INTERRUPTED
        by = f" by {stop}" if isinstance(stop, Terminated) else ""
        raise CommandError(f"interrupted{by}; {rest}", code) from None
    except SweepHalted as halt:
        raise CommandError(f"{halt}: `ganorch resume {folder}` goes on", halt.exit_code) from halt
    except StorageError as error:
        mend = f"make room there, or make it writable; then `ganorch resume {folder}` goes on"
        raise CommandError(f"{error}: {mend}", GanorchError.exit_code) from error
    except StoreError as error:
        mend = f"once the store answers, `ganorch resume {folder}` goes on"
        raise CommandError(f"{error}: {mend}", error.exit_code) from error
    except OSError as error:
        if not is_storage_failure(error):
            raise
        what = f"{error.filename or folder}: {error.strerror or error}"
        raise CommandError(
            f"{what}: the sweep has stopped, no trial is blamed; mend the storage, then "
            f"`ganorch resume {folder}` goes on",
            GanorchError.exit_code,
        ) from error


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Name the file or folder that cannot be written.

    Raises:
        UsageError: in place of OSError.
    """
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror or error})") from error


def _with_hint(error: click.UsageError) -> str:
    message = error.format_message().rstrip(".")
    return f"{message} (see `{error.ctx.command_path} --help`)" if error.ctx else message
