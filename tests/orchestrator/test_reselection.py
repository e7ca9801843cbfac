"""What ``select`` does to a run folder; the command itself is tested in cli/test_select.py."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator import yardstick
from orchestrator.config.load import build_config
from orchestrator.driver import sole_driver
from orchestrator.errors import ConfigError, RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.reselection import reselect
from orchestrator.sweep import Place, resume_sweep, run_sweep

SPEC: dict[str, Any] = {
    "name": "tiny",
    "space": {
        "network": "mlp",
        "width": 16,
        "depth": 1,
        "latent_dim": 4,
        "batch_size": 16,
        "d_lr": {"float": [1e-3, 1e-2], "log": True},
    },
    "search": {"sampler": "random", "trials": 2},
    "budget": {"kimg_per_trial": 0.2},
    "evaluation": {"every_kimg": 0.1, "samples": 64},
    "scheduler": {"kind": "none"},
    "selection": {"finalists": 2, "seeds": 2, "diversity": {"coverage": 0}},
    "backend": "in-process",
}


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """A finished sweep of two trials."""
    points = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    np.save(tmp_path / "points.npy", points)
    config = build_config(SPEC | {"data": {"path": str(tmp_path / "points.npy")}})
    place = Place(RunPaths(tmp_path / "run"))
    run_sweep(config, place, SilentListener())
    return place.paths


def halt(paths: RunPaths) -> None:
    """Cut the journal at the last start of a trial, as a kill would leave it."""
    lines = paths.journal.read_text().splitlines(keepends=True)
    last_start = max(number for number, line in enumerate(lines) if '"event":"started"' in line)
    paths.journal.write_text("".join(lines[: last_start + 1]))


def test_the_new_selection_is_journalled_and_equal_trials_give_the_equal_one(
    paths: RunPaths,
) -> None:
    before = SweepHistory.replay(read_journal(paths.journal))
    num_before = len(read_journal(paths.journal))
    after = reselect(paths)
    events = read_journal(paths.journal)
    assert [event["event"] for event in events[num_before:]] == ["opened", "selected"]
    assert after.selection == before.selection == events[-1]["selection"]
    assert after.certificate == before.certificate == events[-1]["certificate"]


def test_the_time_between_two_commands_is_not_counted_as_used(paths: RunPaths) -> None:
    used_s = SweepHistory.replay(read_journal(paths.journal)).used_s
    after = reselect(paths)
    opened, selected = read_journal(paths.journal)[-2:]
    assert after.used_s == pytest.approx(used_s + selected["time_s"] - opened["time_s"])


def test_a_selection_that_did_not_wait_is_made_again_after_a_resume(paths: RunPaths) -> None:
    halt(paths)
    with pytest.raises(RunFolderError, match="1 of 2 trials are not finished"):
        reselect(paths)
    assert reselect(paths, despite_unfinished=True).selection is not None
    num_events = len(read_journal(paths.journal))
    resume_sweep(Place(paths), SilentListener())
    assert "selected" in [event["event"] for event in read_journal(paths.journal)[num_events:]]


def test_a_sweep_that_runs_is_left_alone(paths: RunPaths) -> None:
    journal = paths.journal.read_bytes()
    with sole_driver(paths), pytest.raises(RunFolderError, match="another process"):
        reselect(paths)
    assert paths.journal.read_bytes() == journal


def test_data_that_have_changed_since_the_sweep_are_not_certified_on(paths: RunPaths) -> None:
    with paths.journal.open("a") as journal:
        journal.write('{"seq": ')  # torn, which opening it to write would cut off
    points = np.random.default_rng(1).normal(size=(200, 2)).astype(np.float32)
    np.save(paths.root.parent / "points.npy", points)
    yardstick._open.cache_clear()  # as in another process
    before = {file: file.read_bytes() for file in paths.root.rglob("*") if file.is_file()}
    with pytest.raises(ConfigError, match=r"protocol.json: .* cannot be compared: data \(.*, now "):
        reselect(paths)
    after = {file: file.read_bytes() for file in paths.root.rglob("*") if file.is_file()}
    assert after == before
