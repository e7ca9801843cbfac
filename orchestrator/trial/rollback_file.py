"""A trial's roll backs on disk: with its checkpoints and its curve, all that a resume needs.

They may be written only once nothing of the abandoned stretch is left that a resume could go on
from: a kill in between then repeats the stretch, to the same death and the same roll back.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from gan_models.errors import DamageError
from gan_models.manifest import read_sealed, write_sealed
from gan_models.training.checkpoint import drop_checkpoints_after
from orchestrator.paths import TrialPaths
from orchestrator.records import Adjustment
from orchestrator.trial.snapshots import drop_snapshots_after


def read_rollbacks(path: Path) -> list[Adjustment]:
    """Return the roll backs of a trial in their order; none if there is no file.

    Raises:
        DamageError: if the file is not what was written.
    """
    if not path.exists():
        return []
    try:
        values = read_sealed(path)["rollbacks"]
    except DamageError:
        values = _read_unsealed(path)
        if values is None:
            raise
    return [Adjustment.from_mapping(each) for each in values]


def record_rollbacks(paths: TrialPaths, rollbacks: Sequence[Adjustment]) -> None:
    """Drop every state and picture after the place of the last roll back, and write them all."""
    nimg = rollbacks[-1].nimg
    drop_checkpoints_after(paths.checkpoints, nimg)
    drop_snapshots_after(paths, nimg)
    for grid in (*paths.samples.glob("*.png"), *paths.classes.glob("*.png")):
        if grid.name > paths.sample_grid(nimg).name:  # counts sort by name
            grid.unlink()
    write_sealed(paths.rollbacks, {"rollbacks": [each.to_mapping() for each in rollbacks]})


def _read_unsealed(path: Path) -> list[dict[str, object]] | None:
    """Read the file as it was before it had a checksum: a mere list; None if it is not."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except ValueError:
        return None
    return values if isinstance(values, list) else None
