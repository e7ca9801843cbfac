"""What a trial keeps in a store, so that it can go on anywhere; and nothing, for a local folder."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gan_models.training.checkpoint import drop_checkpoints_after
from orchestrator.errors import OvertakenError, StoreError
from orchestrator.paths import RunPaths
from orchestrator.storage.base import Store
from orchestrator.storage.objects import open_store
from orchestrator.storage.places import WorkingPlace, training_place
from orchestrator.storage.sync import FolderSync
from orchestrator.storage.uri import parse_uri

BOARD_EVERY_S = 30.0
MILESTONES = "milestones"
DRIVERS_OWN = "trial.json"
_ATTEMPT = "attempt"


class TrialStore(Protocol):
    """What a trial calls at the moments that matter to a resume."""

    def fetch(self) -> None:
        """Bring here what the trial has committed, wherever that was."""
        ...

    def fetch_milestone(self, donor: str, nimg: int) -> None:
        """Bring here a state that another trial left for others to go on from."""
        ...

    def commit(self) -> None:
        """Store what is on disk: checkpoints after all that they stand for."""
        ...

    def commit_rollback(self) -> None:
        """Store a return to an earlier checkpoint, once nothing is left of what came after it."""
        ...

    def finish(self) -> None:
        """Store what is left at the end of this attempt; raises nothing."""
        ...


class LocalTrial:
    """A trial in a folder that every node sees: what is on disk is where it belongs."""

    def fetch(self) -> None:
        """Do nothing."""

    def fetch_milestone(self, donor: str, nimg: int) -> None:
        """Do nothing."""

    def commit(self) -> None:
        """Do nothing."""

    def commit_rollback(self) -> None:
        """Do nothing."""

    def finish(self) -> None:
        """Do nothing."""


class StoredTrial:
    """A trial whose folder is pulled before it begins and pushed after each commit.

    Two attempts at one trial may live at once, as where a node was cut off and not dead. Each has a
    number, higher than that of the one before, which it leaves in the store as it begins, and
    which it looks for before it stores anything. What is pushed between that look and the next is
    of the same trial: one that lags may shorten the curve; a state without its row is dropped when
    the trial is fetched, so that an earlier one serves.

    Args:
        store: of the run.
        place: where this node works on it.
        trial_id: of the trial.
        attempt: the number of the order that is carried out.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        store: Store,
        place: WorkingPlace,
        trial_id: str,
        *,
        attempt: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._place, self._clock = store, place, clock
        self._paths = place.paths.trial(trial_id)
        self._files = trial_files(store, place, trial_id)
        folder = self._paths.folder.relative_to(place.paths.root)
        self._attempt, self._fence = attempt, (folder / _ATTEMPT).as_posix()
        self._milestones = self._sync(str(folder / MILESTONES))
        board = (place.paths.tensorboard / trial_id).relative_to(place.paths.root)
        self._board = self._sync(str(board))
        self._board_due_s = clock() + BOARD_EVERY_S

    def fetch(self) -> None:
        """Take the trial over, and pull its folder and its board.

        Raises:
            OvertakenError: if a later attempt has.
        """
        if self._check_fence() < self._attempt:
            self._store.write(self._fence, str(self._attempt).encode())
        self._files.pull()
        self._board.pull()
        drop_checkpoints_after(self._paths.checkpoints, _last_row_nimg(self._paths.evaluations))

    def fetch_milestone(self, donor: str, nimg: int) -> None:
        """Pull the state of the donor."""
        folder = self._place.paths.trial(donor).milestone(nimg)
        self._sync(folder.relative_to(self._place.paths.root).as_posix()).pull()

    def commit(self) -> None:
        """Push what is new, then remove what is gone; the board now and then.

        Raises:
            OvertakenError: if a later attempt has taken the trial over.
        """
        self._check_fence()
        self._milestones.push()
        self._files.push()
        self._files.retract()
        if self._clock() >= self._board_due_s:
            self._push_board()

    def commit_rollback(self) -> None:
        """Remove what is gone, then push: after a kill in between the stretch is repeated.

        Raises:
            OvertakenError: if a later attempt has taken the trial over.
        """
        self._check_fence()
        self._files.retract()
        self._files.push()

    def finish(self) -> None:
        """Push the board, and remember what is stored: a resume needs no more than is there."""
        with suppress(StoreError):
            self._push_board()
            self._files.look()
            self._board.look()

    def _check_fence(self) -> int:
        """Return the number of the latest attempt that has begun; -1 before the first."""
        try:
            latest = int(self._store.read(self._fence))
        except (FileNotFoundError, ValueError):
            return -1
        if latest > self._attempt:
            raise OvertakenError(
                f"{self._store.uri}/{self._fence}: attempt {latest} has taken over from attempt "
                f"{self._attempt}, which writes no more"
            )
        return latest

    def _push_board(self) -> None:
        self._board.push()
        self._board_due_s = self._clock() + BOARD_EVERY_S

    def _sync(self, part: str) -> FolderSync:
        return FolderSync(self._store, self._place.paths.root, part, known=self._place.known)


@dataclass(frozen=True)
class Kept:
    """Where a run is kept, as every node can be told: plain text.

    Attributes:
        uri: of the run in a store; empty where the run folder itself is seen by every node.
        workdir: where to work on a stored run; empty for a folder in the node's cache.
    """

    uri: str = ""
    workdir: str = ""


IN_RUN_FOLDER = Kept()


def open_trial_store(
    trial_id: str, run_folder: Path, kept: Kept, *, attempt: int = 0
) -> tuple[RunPaths, TrialStore]:
    """Return where this node works on a trial, and what keeps it where it belongs.

    Args:
        trial_id: of the trial.
        run_folder: where it belongs unless the run is stored.
        kept: where the run is kept.
        attempt: the number of the order that is carried out.

    Raises:
        UsageError: if the URI is not one of a run folder.
    """
    if not kept.uri:
        return RunPaths(run_folder), LocalTrial()
    place = training_place(kept.uri, Path(kept.workdir) if kept.workdir else None)
    place.make_private()
    store = open_store(parse_uri(kept.uri))
    return place.paths, StoredTrial(store, place, trial_id, attempt=attempt)


def trial_files(store: Store, place: WorkingPlace, trial_id: str) -> FolderSync:
    """Return the trial's folder, less what the driver writes there and what is for others."""
    part = place.paths.trial(trial_id).folder.relative_to(place.paths.root).as_posix()
    return FolderSync(store, place.paths.root, part, known=place.known, takes=_is_trials_own)


def _is_trials_own(inner: str) -> bool:
    return inner.partition("/")[0] not in (DRIVERS_OWN, MILESTONES, _ATTEMPT)


def _last_row_nimg(evaluations: Path) -> int:
    """Return how many images the last whole row of a curve stands for; -1 without rows."""
    lines = evaluations.read_bytes().split(b"\n") if evaluations.exists() else []
    for line in reversed(lines):
        try:
            return int(json.loads(line)["nimg"])
        except (ValueError, KeyError, TypeError):
            continue
    return -1
