import errno
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

from cluster.errors import ClusterError
from gan_models.errors import DataError, MetricError
from orchestrator.cli.errors import CommandError, one_line_errors, resumable, writing_to
from orchestrator.errors import (
    ConfigError,
    JournalError,
    RunFolderError,
    StoreError,
    SweepError,
    SweepHalted,
    UsageError,
)
from orchestrator.signals import Terminated
from search_spaces.errors import SpaceError

Ganorch = Callable[..., Result]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (RunFolderError("x"), 2),
        (DataError("x"), 2),
        (MetricError("x"), 2),
        (SpaceError("x"), 2),
        (ClusterError("x"), 2),
        (SweepHalted("x"), 1),
        (JournalError("x"), 2),
        (SweepError("x"), 1),
        (click.UsageError("x"), 2),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_expected_error_becomes_one_line_and_its_code(error: Exception, code: int) -> None:
    with pytest.raises(CommandError, match="x") as caught, one_line_errors():
        raise error
    assert caught.value.exit_code == code


def test_a_message_of_several_lines_is_told_in_one(capsys: pytest.CaptureFixture[str]) -> None:
    CommandError("first\n  second", 2).show()
    assert capsys.readouterr().err == "ganorch: first second\n"


def test_an_interruption_exits_as_shells_count_it() -> None:
    with pytest.raises(CommandError, match="interrupted") as caught, one_line_errors():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


@pytest.mark.parametrize("error", [ZeroDivisionError("x"), OSError("x"), ValueError("x")])
def test_an_unexpected_error_passes_untouched(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, one_line_errors():
        raise error
    assert caught.value is error


def test_an_unexpected_error_of_a_command_keeps_its_traceback_and_exits_with_1(
    ganorch: Ganorch, spec: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody expected this")

    monkeypatch.setattr("orchestrator.sweep.check_sweep", broken)
    result = ganorch("run", spec)
    assert result.exit_code == 1
    assert isinstance(result.exception, ZeroDivisionError)
    assert result.exception.__traceback__ is not None


def test_an_interrupted_sweep_says_how_it_goes_on(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="interrupted; nothing had begun yet"):
        interrupt(tmp_path)
    (tmp_path / "sweep.yaml").touch()
    with pytest.raises(CommandError, match=f"`ganorch resume {tmp_path}` goes on") as caught:
        interrupt(tmp_path)
    assert caught.value.exit_code == 130


def interrupt(folder: Path) -> None:
    with resumable(folder):
        raise KeyboardInterrupt


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.txt"
    with pytest.raises(UsageError, match="a.txt: cannot be written .No such file"):
        write(path)


def write(path: Path) -> None:
    with writing_to(path):
        path.write_text("a")


@pytest.mark.parametrize(
    ("stop", "message", "code"),
    [
        (KeyboardInterrupt(), r"^interrupted; `ganorch resume runs/a` goes on$", 130),
        (Terminated("SIGTERM"), r"^interrupted by SIGTERM; `ganorch resume runs/a` goes on$", 143),
        (Terminated("SIGUSR1"), r"^interrupted by SIGUSR1; `ganorch resume runs/a` goes on$", 143),
        (SweepHalted("full"), r"^full: `ganorch resume runs/a` goes on$", 1),
        (
            OSError(errno.ENOSPC, "No space left on device", "runs/a/journal.jsonl"),
            r"^runs/a/journal.jsonl: No space left on device: .*`ganorch resume runs/a` goes on$",
            1,
        ),
        (
            StoreError("s3://a: no answer"),
            r"^s3://a: no answer: once the store answers, `ganorch resume runs/a` goes on$",
            1,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_stops_a_sweep_it_is_told_how_to_go_on(
    stop: BaseException, message: str, code: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "a").mkdir(parents=True)
    (tmp_path / "runs" / "a" / "sweep.yaml").touch()
    with pytest.raises(CommandError, match=message) as caught, resumable(Path("runs/a")):
        raise stop
    assert caught.value.exit_code == code


def test_an_error_of_the_system_that_is_none_of_the_storage_passes_untouched() -> None:
    with pytest.raises(ConnectionError), resumable(Path("runs/a")):
        raise ConnectionError("x")
