"""The smallest sweep that writes everything: two trials, their finals, and a generator."""

import json
import tempfile
from pathlib import Path
from typing import Any

from orchestrator.config.load import build_config
from orchestrator.config.model import SweepConfig
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import TIMING_COLUMNS
from orchestrator.run_folder import open_history
from orchestrator.sweep import Place, resume_sweep, run_sweep
from orchestrator.tables import read_evaluations, read_trials

SPEC: dict[str, Any] = {
    "name": "tiny",
    "data": {"name": "ring8"},
    "space": "ring8",
    "fixed": {"width": 8, "depth": 1, "batch_size": 16},
    "search": {"sampler": "random", "trials": 2},
    "budget": {"kimg_per_trial": 0.1},
    "evaluation": {"every_kimg": 0.05, "samples": 64},
    "scheduler": {"kind": "none"},
    "selection": {"finalists": 2, "seeds": 1, "diversity": {"coverage": 0}},
    "backend": "in-process",
}
_VARYING = (*TIMING_COLUMNS, "num_attempts", "faults")  # what went before a resume is told


def tiny_config() -> SweepConfig:
    """Return the resolved spec."""
    return build_config(SPEC)


def warm_up() -> None:
    """Carry the sweep out once: what it loads, processes that are forked after this share."""
    with tempfile.TemporaryDirectory() as folder:
        run_tiny(RunPaths(Path(folder) / "warm-up"))


def run_tiny(paths: RunPaths) -> None:
    """Carry the sweep out in a new folder."""
    run_sweep(tiny_config(), Place(paths), SilentListener())


def run_or_resume(paths: RunPaths) -> None:
    """Go on with what is there, as a user would: by ``run`` where nothing had begun."""
    if paths.sweep.is_file():
        resume_sweep(Place(paths), SilentListener())
    else:
        run_tiny(paths)


def result_of(paths: RunPaths) -> dict[str, Any]:
    """Return all that a sweep comes to, but for what time alone decides."""
    trials = [_timeless(row) for row in read_trials(paths.trials_table)]
    rows = [_timeless(row.to_mapping()) for row in read_evaluations(paths.evaluations_table)]
    finished = [each for each in read_journal(paths.journal) if each["event"] == "finished"]
    return {
        "trials": trials,
        "rows": rows,
        "metrics": json.loads((paths.best / "metrics.json").read_text(encoding="utf-8")),
        "finished": sorted(event["trial_id"] for event in finished),
        "folders": sorted(each.name for each in paths.trials.iterdir()),
        "selection": open_history(paths).selection,
    }


def _timeless(row: dict[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in row.items() if key not in _VARYING}
    loaded: dict[str, Any] = json.loads(json.dumps(plain))
    return loaded
