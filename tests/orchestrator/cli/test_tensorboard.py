import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_the_command_serves_one_run_on_loopback_only(ganorch: Ganorch, run: RunPaths) -> None:
    result = ganorch("tensorboard", run.root, "--print-only")
    program = [sys.executable, "-m", "tensorboard.main"]
    expected = [*program, "--logdir", str(run.tensorboard), "--host", "localhost"]
    assert shlex.split(result.stdout) == expected
    with_port = ganorch("tensorboard", run.root, "--port", 7007, "--print-only")
    assert shlex.split(with_port.stdout) == [*expected, "--port", "7007"]


def test_several_runs_are_named_by_their_folders(
    ganorch: Ganorch, run: RunPaths, own_run: RunPaths
) -> None:
    shown = ganorch("tensorboard", run.root, own_run.root, "--print-only").stdout
    assert f"--logdir_spec tiny:{run.tensorboard},own:{own_run.tensorboard}" in shown


def test_runs_of_one_name_are_told_apart_by_their_paths(
    ganorch: Ganorch, run: RunPaths, tmp_path: Path
) -> None:
    twin = tmp_path / run.root.name
    shutil.copytree(run.tensorboard, RunPaths(twin).tensorboard)
    shown = ganorch("tensorboard", run.root, twin, "--print-only").stdout
    assert f"{run.root}:{run.tensorboard},{twin}:{twin / 'tensorboard'}" in shown


def test_it_becomes_tensorboard(
    ganorch: Ganorch, run: RunPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, list[str]]] = []
    monkeypatch.setattr("os.execv", lambda *words: called.append(words))
    result = ganorch("tensorboard", run.root)
    assert result.stdout == ""
    assert [(path, command[0]) for path, command in called] == [(sys.executable, sys.executable)]
    assert shlex.split(result.stderr) == called[0][1]


def test_folders_without_curves_or_with_ambiguous_paths_are_refused(
    refused: Refused, run: RunPaths, tmp_path: Path
) -> None:
    assert "holds no curves" in refused("tensorboard", tmp_path)
    odd = tmp_path / "a,b"
    RunPaths(odd).tensorboard.mkdir(parents=True)
    assert "cannot tell apart" in refused("tensorboard", odd, run.root)
