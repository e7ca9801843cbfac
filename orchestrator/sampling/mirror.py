"""The study as Optuna stores it, for optuna-dashboard to look at while the sweep runs.

Written only, and by one thread of the driver; nothing is ever decided from it. What cannot be
written now is written later: of each trial only the latest state waits, so the queue is bounded by
the number of trials. After an outage, and on a resume, the storage is read once to know what it
has, so that no trial is there twice.
"""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Condition, Thread
from typing import Any, Literal

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import FrozenTrial, TrialState

from orchestrator.sampling.distributions import optuna_name, to_distribution
from orchestrator.sampling.mirror_target import (
    connect_options,
    engine_url,
    journal_file,
    shown,
)
from orchestrator.sampling.outcome import Direction
from search_spaces.space import SearchSpace

MirroredState = Literal["running", "complete", "pruned", "failed"]

TRIAL_KEY = "trial"
_LOCK_GRACE_S = 3  # the least that Optuna takes without a warning
_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 15.0
_STATES: dict[MirroredState, TrialState] = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class MirroredTrial:
    """A trial as it is shown.

    Attributes:
        name: our name of it.
        params: as they were proposed.
        state: what Optuna is to call it.
        values: one for each objective, where it is complete or pruned.
        reports: the first objective by images seen.
        attributes: what else a person wants to know.
    """

    name: str
    params: Mapping[str, Any]
    state: MirroredState
    values: tuple[float, ...] | None = None
    reports: Mapping[int, float] = field(default_factory=dict)
    attributes: Mapping[str, str | int | None] = field(default_factory=dict)


class StudyMirror:
    """Writes trials behind the sweep's back.

    Args:
        target: ``journal``, ``journal:FILE`` or a URL without a password.
        folder: where a journal file lies unless its path is absolute.
        name: of the study.
        space: by which trials are proposed.
        directions: of the objectives.
    """

    def __init__(
        self,
        target: str,
        folder: Path,
        *,
        name: str,
        space: SearchSpace,
        directions: Sequence[Direction],
    ) -> None:
        self._target, self._folder, self._name = target, folder, name
        self._space, self._directions = space, list(directions)
        self._waiting: dict[str, MirroredTrial] = {}
        self._changed = Condition()
        self._must_end = False
        self._is_told = False
        self._writer = Thread(target=self._keep_writing, name="study-mirror", daemon=True)
        self._writer.start()

    def put(self, trials: Sequence[MirroredTrial]) -> None:
        """Show these trials as they stand now, soon; never waits and never raises."""
        with self._changed:
            self._waiting |= {trial.name: trial for trial in trials}
            self._changed.notify()

    def close(self, timeout_s: float) -> int:
        """Wait a bounded time for what is left; return how many trials are not up to date."""
        with self._changed:
            self._must_end = True
            self._changed.notify()
        self._writer.join(timeout_s)
        with self._changed:
            num_left = len(self._waiting)
            self._waiting.clear()
        if num_left:
            logger.warning(
                "%s: %d trials are not up to date; a resume of the sweep mends that",
                shown(self._target),
                num_left,
            )
        return num_left

    def _keep_writing(self) -> None:
        study: _Study | None = None
        delay_s = _FIRST_DELAY_S
        while (trial := self._next()) is not None:
            try:
                study = study or self._open()
                study.write(trial)
            except Exception as error:  # whatever a storage raises: the sweep is not to hear of it
                _close(study)
                study = None
                self._say_once(error)
                self._wait(delay_s)
                delay_s = min(2 * delay_s, _LONGEST_DELAY_S)
            else:
                delay_s = _FIRST_DELAY_S
                self._done(trial)
        _close(study)

    def _next(self) -> MirroredTrial | None:
        """Return the first that waits, once there is one; None when all is done at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._must_end)
            return next(iter(self._waiting.values()), None)

    def _done(self, trial: MirroredTrial) -> None:
        with self._changed:
            if self._waiting.get(trial.name) is trial:
                del self._waiting[trial.name]

    def _wait(self, delay_s: float) -> None:
        """Wait, but no longer than a moment once the sweep has ended."""
        end_s = time.monotonic() + delay_s
        while time.monotonic() < end_s and not self._must_end:
            time.sleep(0.05)
        time.sleep(0.05)

    def _say_once(self, error: Exception) -> None:
        if not self._is_told:
            self._is_told = True
            logger.warning(
                "%s: the study cannot be mirrored now (%s); the sweep goes on, and tries again",
                shown(self._target),
                type(error).__name__,
            )

    def _open(self) -> "_Study":
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        storage = _open_storage(self._target, self._folder)
        study = optuna.create_study(
            storage=storage, study_name=self._name, directions=self._directions, load_if_exists=True
        )
        return _Study(storage, study._study_id, self._space)


class _Study:
    """An open storage, with what it holds of each trial."""

    def __init__(self, storage: BaseStorage, study_id: int, space: SearchSpace) -> None:
        self._storage, self._study_id, self._space = storage, study_id, space
        self._known: dict[str, FrozenTrial] = {}
        for each in storage.get_all_trials(study_id, deepcopy=True):
            self._known[each.user_attrs.get(TRIAL_KEY, "")] = each  # the last of a name

    def write(self, trial: MirroredTrial) -> None:
        """Bring a trial up to date; does nothing where it is.

        Optuna changes nothing of a trial that has ended. One that was reopened is shown again.
        """
        wanted = self._frozen(trial)
        known = self._known.get(trial.name)
        if known is None or (known.state.is_finished() and not _is_same(known, wanted)):
            wanted._trial_id = self._storage.create_new_trial(self._study_id, wanted)
            self._known[trial.name] = wanted
        elif not known.state.is_finished():
            self._update(known, wanted)

    def close(self) -> None:
        """Leave the storage."""
        self._storage.remove_session()
        if isinstance(self._storage, RDBStorage):
            self._storage.engine.dispose()

    def _update(self, known: FrozenTrial, wanted: FrozenTrial) -> None:
        storage, trial_id = self._storage, known._trial_id
        for step, value in wanted.intermediate_values.items():
            if known.intermediate_values.get(step) != value:
                storage.set_trial_intermediate_value(trial_id, step, value)
        for key, text in wanted.user_attrs.items():
            if known.user_attrs.get(key) != text:
                storage.set_trial_user_attr(trial_id, key, text)
        if wanted.state.is_finished():
            storage.set_trial_state_values(trial_id, wanted.state, wanted.values)
        wanted._trial_id = trial_id
        self._known[wanted.user_attrs[TRIAL_KEY]] = wanted

    def _frozen(self, trial: MirroredTrial) -> FrozenTrial:
        active = self._space.active(trial.params)
        state, now = _STATES[trial.state], datetime.now()
        return FrozenTrial(
            number=-1,
            trial_id=-1,
            state=state,
            value=None,
            values=trial.values,
            datetime_start=now,
            datetime_complete=now if state.is_finished() else None,
            params={optuna_name(each): trial.params[each.name] for each in active},
            distributions={optuna_name(each): to_distribution(each.domain) for each in active},
            user_attrs={TRIAL_KEY: trial.name, **trial.attributes},
            system_attrs={},
            intermediate_values=dict(trial.reports),
        )


def _close(study: _Study | None) -> None:
    if study is not None:
        with suppress(Exception):  # a connection that is gone already
            study.close()


def _is_same(known: FrozenTrial, wanted: FrozenTrial) -> bool:
    return known.state is wanted.state and known.values == wanted.values


def _open_storage(target: str, folder: Path) -> BaseStorage:
    path = journal_file(target, folder)
    if path is None:
        options = {"connect_args": connect_options(target), "pool_pre_ping": True}
        return RDBStorage(engine_url(target), engine_kwargs=options)
    _cut_torn_tail(path)
    lock = JournalFileSymlinkLock(str(path), grace_period=_LOCK_GRACE_S)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _cut_torn_tail(path: Path) -> None:
    """Cut off a line that a crash has left unfinished, which Optuna would stumble over for ever."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        os.fsync(file.fileno())
