import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import Result

from orchestrator.cli.app import main

Ganorch = Callable[..., Result]
Refused = Callable[..., str]

COMMANDS = [
    "run",
    "resume",
    "status",
    "results",
    "train",
    "generate",
    "score",
    "judge",
    "simulate",
    "select",
    "verify",
    "audit",
    "export",
    "report",
    "tensorboard",
    "list",
    "cluster",
    *("submit", "jobs", "logs", "cancel"),
]


def test_help_names_every_command_in_the_order_of_work(ganorch: Ganorch) -> None:
    shown = ganorch("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in shown] == COMMANDS
    assert not [line for line in shown if line.endswith("...")]  # none is cut


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(ganorch: Ganorch, command: str) -> None:
    result = ganorch(command, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: ganorch {command}")


def test_the_version_is_that_of_the_distribution(ganorch: Ganorch) -> None:
    assert ganorch("--version").stdout == f"ganorch, version {version('gan-orchestrator')}\n"


def test_without_a_command_help_is_shown_and_the_usage_counts_as_wrong(ganorch: Ganorch) -> None:
    result = ganorch()
    assert result.exit_code == 2
    assert "Commands:" in result.stderr


def test_wrong_usage_is_refused_in_one_line(refused: Refused) -> None:
    assert refused("rum").startswith("no command 'rum': did you mean 'run'? allowed: ")
    assert refused("--bogus") == "No such option '--bogus' (see `ganorch --help`)"
    assert refused("run") == "Missing argument 'SPEC' (see `ganorch run --help`)"
    assert "'--trials'" in refused("run", "a.yaml", "--trials", 3)
    assert "x>=1" in refused("generate", "a", "-n", 0, "-o", "a.png")
    assert "No such command 'space-craft'" in refused("list", "space-craft")


@pytest.mark.parametrize(("line", "code"), [("--version", 0), ("rum", 2)])
def test_main_returns_the_exit_code(
    line: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([line]) == code
    capsys.readouterr()


def test_it_runs_as_a_module(repository: Path) -> None:
    command = [sys.executable, "-m", "orchestrator", "rum"]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("ganorch: no command 'rum'")


def test_a_reader_that_leaves_early_is_no_news(repository: Path) -> None:
    command = [sys.executable, "-m", "orchestrator", "list", "spaces"]
    with subprocess.Popen(
        command, cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
