"""A trial's roll backs on disk: with its checkpoints and its curve, all that a resume needs.

They may be written only once nothing of the abandoned stretch is left that a resume could go on
from: a kill in between then repeats the stretch, to the same death and the same roll back.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from gan_models.files import write_json
from gan_models.training.checkpoint import drop_checkpoints_after
from orchestrator.paths import TrialPaths
from orchestrator.records import Adjustment
from orchestrator.trial.snapshots import drop_snapshots_after


def read_rollbacks(path: Path) -> list[Adjustment]:
    """Return the roll backs of a trial in their order; none if there is no file."""
    if not path.exists():
        return []
    return [Adjustment.from_mapping(values) for values in json.loads(path.read_text("utf-8"))]


def record_rollbacks(paths: TrialPaths, rollbacks: Sequence[Adjustment]) -> None:
    """Drop every state and picture after the place of the last roll back, and write them all."""
    nimg = rollbacks[-1].nimg
    drop_checkpoints_after(paths.checkpoints, nimg)
    drop_snapshots_after(paths, nimg)
    for grid in paths.samples.glob("*.png"):
        if grid > paths.sample_grid(nimg):  # counts sort by name
            grid.unlink()
    write_json(paths.rollbacks, [rollback.to_mapping() for rollback in rollbacks])
