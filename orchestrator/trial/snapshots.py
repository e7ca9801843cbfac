"""The ring of a trial's best generators, kept for the re-test at the end of the sweep.

The best by the metric as it was measured, unsmoothed: a smoothed value is known only when the next
evaluation is, and by then the generator is gone. The last one is kept as well: it costs one folder,
and a low rank may be bad luck in measuring. The first one never wins, and is not.
"""

from collections.abc import Sequence
from pathlib import Path

from gan_models.files import discard, whole_folder
from gan_models.model_folder import Model, save_model
from orchestrator.decision.curve import is_measured
from orchestrator.paths import TrialPaths
from orchestrator.records import Evaluation


def keep_snapshot(
    paths: TrialPaths, model: Model, curve: Sequence[Evaluation], *, num_best: int
) -> None:
    """Save the generator of the last evaluation, and drop those no longer among the best.

    Args:
        paths: of the trial.
        model: the generator as it was evaluated.
        curve: every evaluation so far, the one of ``model`` last.
        num_best: how many are kept, beside the last one.
    """
    trained = [row for row in curve if is_measured(row) and row.nimg > 0]  # no one ships noise
    best = sorted(trained, key=lambda row: (row.fid, row.nimg))[:num_best]
    last = curve[-1]
    if last in trained:
        with whole_folder(paths.snapshot(last.nimg)) as draft:
            save_model(draft, model, trial_id=last.run, nimg=last.nimg, step=last.step)
    kept = {paths.snapshot(row.nimg) for row in [*best, *trained[-1:]]}
    for folder in snapshots(paths):
        if folder not in kept:
            discard(folder)


def drop_snapshots_after(paths: TrialPaths, nimg: int) -> None:
    """Remove the snapshots of more than ``nimg`` images."""
    for folder in snapshots(paths):
        if snapshot_nimg(folder) > nimg:
            discard(folder)


def snapshots(paths: TrialPaths) -> list[Path]:
    """Return the model folders that are kept, earliest first."""
    return sorted(paths.checkpoints.glob("snapshot-*"))


def snapshot_nimg(folder: Path) -> int:
    """Return after how many images a snapshot was taken."""
    return int(folder.name.removeprefix("snapshot-"))
