"""A command line that runs in this process, and a small sweep that it has finished."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner, Result

from orchestrator.cli.app import app
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]

TINY: dict[str, Any] = {
    "name": "tiny",
    "data": {"path": "points.npz"},
    "space": {
        "network": "mlp",
        "width": 16,
        "depth": 1,
        "latent_dim": 4,
        "d_lr": {"float": [1e-3, 1e-2], "log": True},
    },
    "fixed": {"batch_size": 16},
    "search": {"sampler": "random", "trials": 2},
    "budget": {"kimg_per_trial": 0.4},
    "evaluation": {"every_kimg": 0.2, "samples": 64},
    "scheduler": {"kind": "none"},
    "selection": {"finalists": 2, "seeds": 2, "diversity": {"coverage": 0}},
    "backend": "in-process",
}


def run_ganorch(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def write_points(path: Path, count: int = 240, *, seed: int = 0) -> Path:
    """Write points around four labelled centres."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    centres = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    samples = (centres[labels] + 0.1 * rng.normal(size=(count, 2))).astype(np.float32)
    np.savez(path, samples=samples, labels=labels)
    return path


def write_spec(folder: Path, **sections: Any) -> Path:
    """Write the tiny spec with other sections, and its data beside it."""
    if not (folder / "points.npz").exists():
        write_points(folder / "points.npz")
    spec = folder / "spec.yaml"
    spec.write_text(yaml.safe_dump(TINY | sections), encoding="utf-8")
    return spec


def files_below(folder: Path) -> dict[str, bytes]:
    """Return every file with its content."""
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture(scope="session")
def ganorch() -> Ganorch:
    """Return what runs a command line in this process."""
    return run_ganorch


@pytest.fixture(scope="session")
def refused(ganorch: Ganorch) -> Refused:
    """Return what runs a command line that must be refused in one line, and gives that line."""

    def run(*words: object) -> str:
        result = ganorch(*words)
        assert (result.exit_code, result.stdout) == (2, ""), (result.output, result.exception)
        (line,) = result.stderr.splitlines()
        assert line.startswith("ganorch: ")
        return line.removeprefix("ganorch: ")

    return run


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec that takes about a second."""
    return write_spec(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunPaths, Result]:
    """A run folder, and what ``ganorch run`` said when it made it."""
    folder = tmp_path_factory.mktemp("sweep")
    paths = RunPaths(folder / "runs" / "tiny")
    result = run_ganorch("run", write_spec(folder), "--out", paths.root)
    assert result.exit_code == 0, (result.output, result.exception)
    return paths, result


@pytest.fixture(scope="session")
def run(finished: tuple[RunPaths, Result]) -> RunPaths:
    """A finished run folder that nobody changes."""
    return finished[0]


@pytest.fixture
def own_run(run: RunPaths, tmp_path: Path) -> RunPaths:
    """A finished run folder of one's own."""
    return RunPaths(Path(shutil.copytree(run.root, tmp_path / "own")))


@pytest.fixture
def halted_run(own_run: RunPaths) -> RunPaths:
    """A run folder as a kill leaves it: its second trial has not ended, nothing is selected."""
    lines = own_run.journal.read_text().splitlines(keepends=True)
    last_start = max(number for number, line in enumerate(lines) if '"event":"started"' in line)
    own_run.journal.write_text("".join(lines[: last_start + 1]))
    shutil.rmtree(own_run.best)
    own_run.report.unlink()
    return own_run
