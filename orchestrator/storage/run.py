"""What the driver of a sweep keeps in a store; and nothing, for a local folder."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from orchestrator.errors import RunFolderError
from orchestrator.journal import Journal
from orchestrator.paths import RunPaths
from orchestrator.storage.base import Store
from orchestrator.storage.journal import StoredJournal
from orchestrator.storage.objects import open_store
from orchestrator.storage.ownership import OWNER, Ownership
from orchestrator.storage.patience import Patience
from orchestrator.storage.places import WorkingPlace, driving_place
from orchestrator.storage.reading import (
    RESULTS,
    RUN_FILES,
    fetch_pictures,
    naming,
    pull_journal,
    run_files,
)
from orchestrator.storage.segments import JournalShipment
from orchestrator.storage.sync import FolderSync
from orchestrator.storage.trial import DRIVERS_OWN, IN_RUN_FOLDER, Kept, trial_files
from orchestrator.storage.uri import parse_uri

_WRITTEN_FIRST = ("real.png",)  # all that a driver may leave which dies before the spec is stored


class RunStore(Protocol):
    """What a driver calls at the moments that matter to whoever goes on, or looks on."""

    @property
    def kept(self) -> Kept:
        """What trials are told of where the run is kept."""
        ...

    def open_journal(self, path: Path) -> Journal:
        """Open the journal, whose events count as the contract of a journal says."""
        ...

    def fetch_trials(self, trial_ids: Iterable[str]) -> None:
        """Bring here what these trials have committed."""
        ...

    def fetch_pictures(self, latest_nimg: Iterable[tuple[str, int]]) -> None:
        """Bring here the grids that trials drew after so many images."""
        ...

    def publish(self) -> None:
        """Store what the driver has written: spec, tables, pages, the generator to hand over."""
        ...


class LocalRun:
    """A run folder that is where it belongs."""

    kept = IN_RUN_FOLDER

    def open_journal(self, path: Path) -> Journal:
        """Open the journal in the folder."""
        return Journal(path)

    def fetch_trials(self, trial_ids: Iterable[str]) -> None:
        """Do nothing."""

    def fetch_pictures(self, latest_nimg: Iterable[tuple[str, int]]) -> None:
        """Do nothing."""

    def publish(self) -> None:
        """Do nothing."""


class StoredRun:
    """A run in a store that this process drives.

    Args:
        store: of the run.
        place: where this process works on it.
        ownership: of the run.
        workdir: the working folder if one was named.
    """

    def __init__(
        self, store: Store, place: WorkingPlace, ownership: Ownership, workdir: Path | None
    ) -> None:
        self.kept = Kept(store.uri, str(workdir.resolve()) if workdir else "")
        self._store, self._place, self._ownership = store, place, ownership

    def open_journal(self, path: Path) -> Journal:
        """Open the journal here, which is equal to what is stored."""
        shipment = JournalShipment(self._store, path, self._ownership.epoch)
        return StoredJournal(path, shipment, self._ownership.check_heart)

    def fetch_trials(self, trial_ids: Iterable[str]) -> None:
        """Pull whole trials."""
        for trial_id in trial_ids:
            trial_files(self._store, self._place, trial_id).pull()

    def fetch_pictures(self, latest_nimg: Iterable[tuple[str, int]]) -> None:
        """Fetch grids that are not here."""
        fetch_pictures(self._store, self._place.paths, latest_nimg)

    def publish(self) -> None:
        """Push the driver's own files; looks first whether the run is still this driver's."""
        self._ownership.check()
        descriptions = FolderSync(
            self._store,
            self._place.paths.root,
            "trials",
            known=self._place.known,
            pattern=f"*/{DRIVERS_OWN}",
        )
        for files in (descriptions, *run_files(self._store, self._place, *RESULTS)):
            files.push()
            files.retract()


@contextmanager
def stored_run(
    uri: str, workdir: Path | None = None, *, is_new: bool
) -> Iterator[tuple[RunPaths, StoredRun]]:
    """Claim a run in a store, bring here what its driver needs, and keep the claim meanwhile.

    Args:
        uri: of the run folder.
        workdir: where to work on it; None means a folder in the cache.
        is_new: whether the sweep is to begin; otherwise it goes on.

    Raises:
        UsageError: if the URI cannot be meant.
        RunFolderError: if the store refuses, a new run's folder is taken, there is no run to go on
            with, or another process drives it.
        StoreError: if the store does not answer.
    """
    parsed = parse_uri(uri)
    store, heart = open_store(parsed), open_store(parsed, Patience(0))
    store.probe()
    place = driving_place(store.uri, workdir)
    with place.reserved(store.uri):
        _check_stored(store, is_new=is_new)
        ownership = Ownership(store, heart, place.folder)
        try:
            _check_stored(store, is_new=is_new)  # another may have begun it meanwhile
            if is_new:
                place.clear()
            else:
                pull_run(store, place)
            run = StoredRun(store, place, ownership, workdir)
            with naming(place, store.uri):
                yield place.paths, run
                run.publish()  # what was written while it ended, such as the mirror of the study
        finally:
            ownership.release()


def pull_run(store: Store, place: WorkingPlace) -> None:
    """Bring here what a driver goes on from; trials are fetched where they go on."""
    for files in run_files(store, place, *RESULTS):
        files.pull()
    pull_journal(store, place)


def _check_stored(store: Store, *, is_new: bool) -> None:
    stored = store.list("", is_deep=False)
    if is_new and stored.keys() - {OWNER, *_WRITTEN_FIRST}:
        raise RunFolderError(
            f"{store.uri}: exists already and is not overwritten: choose another --out, or go on "
            f"with it by `ganorch resume {store.uri}`"
        )
    if not is_new and RUN_FILES[0] not in stored:
        raise RunFolderError(f"{store.uri}: not a run folder (it has no sweep.yaml)")
