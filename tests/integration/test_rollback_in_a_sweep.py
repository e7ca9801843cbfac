"""Trials of a sweep that die, go back and die for good, beside others that live; then a resume."""

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.config.model import SweepConfig
from orchestrator.history import SweepHistory
from orchestrator.journal import Event, read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import TIMING_COLUMNS, VerdictKind
from orchestrator.run_folder import open_history
from orchestrator.sweep import Place, resume_sweep, run_sweep
from orchestrator.tables import read_evaluations
from tests.orchestrator.scripted import events_of, make_config

pytestmark = pytest.mark.integration


class InterruptsAtAdjustment(SilentListener):
    """Interrupts the driver so many events after the first adjustment is on disk."""

    def __init__(self, num_after: int) -> None:
        self._num_left, self._has_begun = num_after, False

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Count down, once it has begun."""
        self._has_begun |= event["event"] == "adjusted"
        if self._has_begun:
            self._num_left -= 1
            if self._num_left < 0:
                raise KeyboardInterrupt


def config() -> SweepConfig:
    """Return a sweep of trials of which those with the higher rate leave float32 at once."""
    return make_config(
        space={"network": "mlp", "g_lr": {"choice": [1e-3, 1e38]}},
        fixed={"width": 16, "depth": 1, "latent_dim": 4, "batch_size": 64},
        search={"trials": 3, "seed": 1},
        budget={"kimg_per_trial": 1},
        evaluation={"every_kimg": 0.25},
        balance={"rollbacks": 2, "adapt": True},
        selection={"finalists": 1, "seeds": 2, "diversity": {"coverage": 0.0}},
    )


def told(paths: RunPaths) -> list[Any]:
    """Return what the journal tells of trials, but for what time alone decides."""
    names = ("evaluated", "adjusted", "finished")
    keys = ("event", "trial_id", "verdict", "num_rollbacks", "status")
    timeless = []
    for event in events_of(paths.root, *names):
        row = event.get("evaluation") or event.get("adjustment") or {}
        kept = {key: value for key, value in row.items() if key not in TIMING_COLUMNS}
        timeless.append(({key: event.get(key) for key in keys}, kept))
    return timeless


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    paths = RunPaths(tmp_path_factory.mktemp("undisturbed") / "run")
    run_sweep(config(), Place(paths), SilentListener())
    return paths


def test_dead_trials_go_back_twice_and_the_living_win(undisturbed: RunPaths) -> None:
    history = open_history(undisturbed)
    dead = [t for t in history.trials.values() if t.record.verdict is VerdictKind.DEAD]
    alive = [t for t in history.trials.values() if t.record.verdict is not VerdictKind.DEAD]
    assert dead
    assert alive
    for trial in dead:
        assert [each.lr_factor for each in trial.adjustments] == [0.5, 0.25]
        assert trial.record.reason.endswith("after 2 of 2 roll backs")
        described = json.loads(undisturbed.trial(trial.record.trial_id).description.read_text())
        assert [each["died_nimg"] for each in described["adjustments"]] == [256, 256]
    assert history.selection is not None
    assert history.selection["trial_id"] in {trial.record.trial_id for trial in alive}


def test_the_table_of_evaluations_is_in_order_and_holds_each_step_once(
    undisturbed: RunPaths,
) -> None:
    steps: dict[str, list[int]] = {}
    for row in read_evaluations(undisturbed.evaluations_table):
        steps.setdefault(row.run, []).append(row.step)
    assert all(found == sorted(set(found)) for found in steps.values())


@pytest.mark.parametrize("num_after", [0, 3])
def test_interrupted_around_a_roll_back_a_sweep_resumes_to_the_same_journal(
    undisturbed: RunPaths, tmp_path: Path, num_after: int
) -> None:
    paths = RunPaths(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        run_sweep(config(), Place(paths), InterruptsAtAdjustment(num_after))
    before = read_journal(paths.journal)
    resume_sweep(Place(paths), SilentListener())
    assert read_journal(paths.journal)[: len(before)] == before
    assert told(paths) == told(undisturbed)
    metrics = [
        json.loads((each.best / "metrics.json").read_text()) for each in (paths, undisturbed)
    ]
    assert metrics[0] == metrics[1]
