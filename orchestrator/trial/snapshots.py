"""The ring of a trial's best generators, kept for the re-test at the end of the sweep."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from gan_models.files import whole_folder
from gan_models.model_folder import Model, save_model
from orchestrator.decision.curve import is_measured
from orchestrator.paths import TrialPaths
from orchestrator.records import Evaluation

NUM_SNAPSHOTS = 3


def keep_snapshot(paths: TrialPaths, model: Model, curve: Sequence[Evaluation]) -> None:
    """Save the generator of the last evaluation if it is among the best, and drop the others."""
    best = _best(curve)
    last = curve[-1]
    if last in best:
        with whole_folder(paths.snapshot(last.nimg)) as draft:
            save_model(draft, model, trial_id=last.run, nimg=last.nimg, step=last.step)
    kept = {paths.snapshot(row.nimg) for row in best}
    for folder in snapshots(paths):
        if folder not in kept:
            shutil.rmtree(folder)


def snapshots(paths: TrialPaths) -> list[Path]:
    """Return the model folders that are kept, earliest first."""
    return sorted(paths.checkpoints.glob("snapshot-*"))


def snapshot_nimg(folder: Path) -> int:
    """Return after how many images a snapshot was taken."""
    return int(folder.name.removeprefix("snapshot-"))


def _best(curve: Sequence[Evaluation]) -> list[Evaluation]:
    trained = [row for row in curve if is_measured(row) and row.nimg > 0]  # no one ships noise
    return sorted(trained, key=lambda row: (row.fid, row.nimg))[:NUM_SNAPSHOTS]
