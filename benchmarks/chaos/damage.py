"""A finished sweep, the files that it committed, and who notices when one of them is damaged."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.chaos.tiny_sweep import run_tiny, tiny_config
from gan_models.config import GanConfig
from gan_models.errors import GanModelsError
from gan_models.model_folder import check_model
from gan_models.training.checkpoint import checkpoints, latest_nimg, restore_latest
from gan_models.training.state import new_state
from orchestrator.errors import GanorchError
from orchestrator.export.folder import ship
from orchestrator.journal import open_events
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import Adjustment
from orchestrator.run_folder import open_history
from orchestrator.tables import read_evaluations, read_trials
from orchestrator.trial.mending import check_curve
from orchestrator.trial.rollback_file import read_rollbacks, record_rollbacks
from orchestrator.trial.snapshots import snapshots
from orchestrator.trial_history import TrialHistory
from orchestrator.yardstick import open_yardstick


@dataclass(frozen=True)
class Target:
    """A kind of file; ``read`` raises if one of them is not what was written."""

    kind: str
    files: tuple[Path, ...]
    read: Callable[[], object]

    def is_noticed(self) -> bool:
        """Read the files, and say whether anything was found to be wrong."""
        try:
            self.read()
        except (GanModelsError, GanorchError):
            return True
        return False


class PassedOver(GanModelsError):
    """The last checkpoint was not used, but the one before."""


def committed(folder: Path) -> list[Target]:
    """Run the tiny sweep below ``folder``, ship its generator, and return what was committed."""
    paths = RunPaths(folder / "run")
    run_tiny(paths)
    exported = ship(paths, folder / "export")
    name, history = next(iter(open_history(paths).trials.items()))
    trial = paths.trial(name)
    _make_rollback(trial)
    tables = {paths.trials_table: read_trials, paths.evaluations_table: read_evaluations}
    last = checkpoints(trial.checkpoints)[-1]
    return [
        Target("checkpoint", _files(last), partial(_restore, trial, history)),
        *(
            Target("snapshot", _files(each), partial(check_model, each))
            for each in snapshots(trial)
        ),
        Target("best", _files(paths.best), partial(check_model, paths.best)),
        Target("export", _files(exported), partial(check_model, exported)),
        *(
            Target("table", (file, file.with_name("manifest.json")), partial(read, file))
            for file, read in tables.items()
        ),
        Target("journal", (paths.journal,), partial(open_events, paths)),
        Target("rows of a trial", (trial.evaluations,), partial(check_curve, trial)),
        Target("roll backs", (trial.rollbacks,), partial(read_rollbacks, trial.rollbacks)),
    ]


def _files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(file for file in folder.rglob("*") if file.is_file()))


def _make_rollback(trial: TrialPaths) -> None:
    place = {"step": 1, "nimg": 10**9, "d_steps": 1, "g_steps": 1}
    record_rollbacks(
        trial, [Adjustment(**place, lr_factor=0.5, num_rollbacks=1, reason="made up", died_nimg=1)]
    )


def _restore(trial: TrialPaths, history: TrialHistory) -> None:
    """Restore the state of a trial from its last checkpoint, or the one before.

    Raises:
        PassedOver: if it came from the one before.
    """
    spec, params = tiny_config(), GanConfig.from_params(history.params)
    sample = open_yardstick(spec.data, spec.evaluation.features).splits.sample
    state = new_state(params, sample, seed=1)
    if not restore_latest(trial.checkpoints, state, params):
        raise AssertionError("neither checkpoint was used")
    if state.nimg != latest_nimg(trial.checkpoints):
        raise PassedOver(f"{trial.checkpoints}: back to {state.nimg} images")
