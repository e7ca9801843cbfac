"""A population whose worst trials take over weights of the best; then a resume."""

import json
from pathlib import Path
from typing import Any

import pytest

from gan_models.model_folder import load_model
from orchestrator.audit import audit
from orchestrator.config.model import SweepConfig
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import TIMING_COLUMNS
from orchestrator.run_folder import open_config, open_history, open_protocol
from orchestrator.sweep import Place, make_scheduler, resume_sweep, run_sweep
from orchestrator.trial.snapshots import snapshot_nimg, snapshots
from tests.orchestrator.scripted import InterruptsAfter, events_of, make_config

pytestmark = pytest.mark.integration


def config() -> SweepConfig:
    """Return a sweep in which any worse trial of two or more counts as significantly worse."""
    return make_config(
        space={
            "network": "mlp",
            "d_lr": {"float": [1e-3, 1e-2], "log": True},
            "g_lr": {"float": [1e-4, 1e-2], "log": True},
        },
        fixed={"width": 16, "depth": 1, "latent_dim": 4, "batch_size": 50},
        search={"sampler": "tpe", "startup_trials": 2, "trials": 4, "seed": 0},
        budget={"kimg_per_trial": 1.5},
        evaluation={"every_kimg": 0.25},
        scheduler={"kind": "pbt", "interval_kimg": 0.5, "quantile": 0.5, "significant_sds": 0.0},
        selection={"finalists": 2, "seeds": 2, "diversity": {"coverage": 0.0}},
    )


_OF_THE_DRIVER = ("seq", "epoch", "time_s")


def told(paths: RunPaths) -> list[Any]:
    """Return what the journal tells of trials, but for what time alone decides."""
    names = ("proposed", "evaluated", "exploited", "resumed", "finished")
    timeless = []
    for event in events_of(paths.root, *names):
        row = event.get("evaluation") or {}
        kept = {key: value for key, value in row.items() if key not in TIMING_COLUMNS}
        rest = {key: event[key] for key in event if key not in (*_OF_THE_DRIVER, "evaluation")}
        timeless.append((rest, kept))
    return timeless


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    paths = RunPaths(tmp_path_factory.mktemp("undisturbed") / "run")
    run_sweep(config(), Place(paths), SilentListener())
    return paths


def test_a_worse_trial_takes_over_and_the_sweep_ends_with_a_selection(
    undisturbed: RunPaths,
) -> None:
    history = open_history(undisturbed)
    exploits = [(t, each) for t in history.trials.values() for each in t.exploits]
    assert max(len(trial.exploits) for trial, _ in exploits) == 2
    for trial, exploit in exploits:
        donor = history.trials[exploit.donor]
        assert exploit.donor != trial.record.trial_id
        assert exploit.donor_params == donor.params_until(exploit.donor_nimg)
        for name in ("d_lr", "g_lr"):
            assert 0.79 < exploit.params[name] / exploit.donor_params[name] < 1.21
        described = json.loads(undisturbed.trial(trial.record.trial_id).description.read_text())
        assert described["inherited_from"] == trial.exploits[-1].donor
        assert exploit.to_mapping() in described["exploits"]
        steps = [row.step for row in trial.evaluations]
        assert steps == sorted(set(steps))
    assert history.selection is not None
    assert (undisturbed.best / "generator.safetensors").is_file()


def test_each_snapshot_holds_the_parameters_by_which_it_was_trained(undisturbed: RunPaths) -> None:
    history = open_history(undisturbed)
    for name, trial in history.trials.items():
        for folder in snapshots(undisturbed.trial(name)):
            held = load_model(folder).config.to_params()
            params = trial.params_until(snapshot_nimg(folder))
            assert {key: held[key] for key in params} == params


@pytest.mark.parametrize("num_after", [-1, 0, 3])  # decided, on record, trained on
def test_interrupted_around_an_exploit_a_sweep_resumes_to_the_same_journal(
    undisturbed: RunPaths, tmp_path: Path, num_after: int
) -> None:
    names = [event["event"] for event in events_of(undisturbed.root)]
    last_exploit = len(names) - names[::-1].index("exploited")
    paths = RunPaths(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        run_sweep(config(), Place(paths), InterruptsAfter(last_exploit + num_after))
    before = read_journal(paths.journal)
    resume_sweep(Place(paths), SilentListener())
    assert read_journal(paths.journal)[: len(before)] == before
    assert told(paths) == told(undisturbed)
    metrics = [
        json.loads((each.best / "metrics.json").read_text()) for each in (paths, undisturbed)
    ]
    assert metrics[0] == metrics[1]


def test_every_decision_follows_from_the_journal(undisturbed: RunPaths) -> None:
    swept, events = open_config(undisturbed), read_journal(undisturbed.journal)
    found = audit(swept, open_protocol(undisturbed), events, make_scheduler(swept))
    assert found.num_decisions > 0
    assert found.differences == []
