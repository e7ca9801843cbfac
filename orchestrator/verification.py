"""Is everything in a run folder what was committed? What is not is named, with what mends it.

Not looked at is what only shows a sweep: sample grids, TensorBoard files, the report.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from gan_models.errors import GanModelsError
from gan_models.files import is_json
from gan_models.model_folder import check_model
from gan_models.training.checkpoint import checkpoints, verified_checkpoint
from orchestrator.errors import ConfigError, GanorchError, JournalError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths, TrialPaths
from orchestrator.records import TrialStatus
from orchestrator.run_folder import check_config, open_config, open_history, open_protocol
from orchestrator.table_seal import check_table
from orchestrator.trial.mending import check_curve
from orchestrator.trial.rollback_file import read_rollbacks
from orchestrator.trial.snapshots import snapshots
from orchestrator.trial_history import TrialHistory

_BY_HAND = "put back a copy of the file, for nothing else holds what it said"
_REWRITTEN = "`ganorch resume` writes it anew from the journal"
_STATE_BEFORE = "a trial that goes on does so from the state before, to the same rows"
_BEGINS_ANEW = "a trial that goes on begins anew, to the same rows"
_PROPOSAL = ("trial_id", "index", "params", "seed", "replicate_of")  # stays as it is
_NO_DONOR = "no trial can take over from it"
_NO_CANDIDATE = "it is no candidate when snapshots are tested again"

Check = tuple[Callable[[], object], str]  # raises if something does not verify; what is done then


@dataclass(frozen=True)
class Damage:
    """What does not verify, in words that name the file, and what will be done about it."""

    reason: str
    mend: str

    def naming(self, folder: Path, place: object) -> "Damage":
        """Return it in words that name another place."""
        return replace(self, reason=self.reason.replace(str(folder), str(place)))


@dataclass(frozen=True)
class Verification:
    """How much was looked at, and what of it does not verify.

    ``is_fatal`` where the sweep cannot go on, because nothing else holds what is damaged.
    """

    num_checked: int
    damages: tuple[Damage, ...]
    is_fatal: bool = False

    def naming(self, folder: Path, place: object) -> "Verification":
        """Return it in words that name another place: that for which a folder here stands."""
        damages = (each.naming(folder, place) for each in self.damages)
        return replace(self, damages=tuple(damages))


def verify_run(paths: RunPaths) -> Verification:
    """Check every file of a run folder on which a resume or a reader relies.

    Raises:
        RunFolderError: if it is no run folder.
    """
    try:
        config, history = open_config(paths), open_history(paths)
        check_config(paths, config, history)
    except (ConfigError, JournalError) as error:
        return Verification(1, (Damage(str(error), _BY_HAND),), is_fatal=True)
    checks = [*_checks(paths, history)]
    for name, trial in history.trials.items():
        checks += _trial_checks(paths.trial(name), trial)
    found = [_damage(check) for check in checks]
    truth = 2  # sweep.yaml and the journal
    return Verification(truth + len(found), tuple(each for each in found if each is not None))


def _damage(check: Check) -> Damage | None:
    look, mend = check
    try:
        look()
    except (GanModelsError, GanorchError) as error:
        return Damage(str(error), mend)
    return None


def _checks(paths: RunPaths, history: SweepHistory) -> Iterator[Check]:
    """Yield the checks of what all trials share."""
    if paths.protocol.exists():
        yield partial(open_protocol, paths), f"remove it, and {_REWRITTEN}"
    for table in (paths.trials_table, paths.evaluations_table):
        if table.exists() or history.selection is not None:
            yield partial(check_table, table), _REWRITTEN
    if paths.best.exists() or history.selection is not None:
        yield partial(check_model, paths.best), "`ganorch resume` writes it anew"
    yield partial(_check_known, paths, history), "a resume proposes it again, or not"


def _trial_checks(paths: TrialPaths, trial: TrialHistory) -> Iterator[Check]:
    """Yield the checks of one trial."""
    yield partial(_check_description, paths, trial), _REWRITTEN
    yield partial(check_curve, paths), _STATE_BEFORE
    yield partial(read_rollbacks, paths.rollbacks), _BEGINS_ANEW
    for state in checkpoints(paths.checkpoints):
        yield partial(verified_checkpoint, state), _STATE_BEFORE
    for folder in sorted(paths.milestones.glob("*")):
        for state in checkpoints(folder):
            yield partial(verified_checkpoint, state), _NO_DONOR
    for snapshot in snapshots(paths):
        yield partial(check_model, snapshot), _NO_CANDIDATE


def _check_known(paths: RunPaths, history: SweepHistory) -> None:
    folders = sorted(paths.trials.glob("*"))
    unknown = [each.name for each in folders if each.is_dir() and each.name not in history.trials]
    if unknown:
        raise JournalError(
            f"{paths.journal}: knows nothing of {', '.join(unknown)} in {paths.trials.name}/"
        )


def _check_description(paths: TrialPaths, trial: TrialHistory) -> None:
    """Hold a trial's description against the journal; while it trains, rows go before it."""
    wanted = trial.to_mapping()
    if trial.status in (TrialStatus.PENDING, TrialStatus.RUNNING):
        is_right = _proposal_in(paths.description) == {name: wanted[name] for name in _PROPOSAL}
    else:
        is_right = is_json(paths.description, wanted)
    if not is_right:
        raise JournalError(f"{paths.description}: missing, damaged, or behind the journal")


def _proposal_in(description: Path) -> dict[str, Any]:
    """Return what a description says of the proposal; nothing where it is none."""
    try:
        values = json.loads(description.read_bytes())
        return {name: values[name] for name in _PROPOSAL}
    except (OSError, ValueError, TypeError, LookupError):
        return {}
