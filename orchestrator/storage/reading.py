"""Looking at a run in a store: what is needed of it is brought to a folder of this machine."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from gan_models.errors import GanModelsError
from gan_models.files import whole_file
from orchestrator.errors import GanorchError, RunFolderError
from orchestrator.paths import RunPaths
from orchestrator.storage.base import Store
from orchestrator.storage.objects import open_store
from orchestrator.storage.places import WorkingPlace, reading_place
from orchestrator.storage.segments import FOLDER, join_segments
from orchestrator.storage.sync import FolderSync, in_parallel
from orchestrator.storage.uri import StoreUri, parse_uri

_MAX_DEPTH = 5  # of what lies in a run folder
_WAIT_S = 60.0  # for another reader on this machine

RUN_FILES = ("sweep.yaml", "protocol.json", "real.png", "report.html", "study.journal")
RESULTS = ("tables", "best")


@contextmanager
def copy_of(uri: str, *parts: str) -> Iterator[RunPaths]:
    """Bring a run's spec, journal and ``parts`` here; messages from within name the URI.

    Args:
        uri: of the run folder.
        parts: folders below it, such as ``tables``.

    Raises:
        UsageError: if the URI cannot be meant.
        RunFolderError: if the store refuses.
        StoreError: if it does not answer.
        JournalError: if a piece of the journal is missing; names it.
    """
    store = open_store(parse_uri(uri))
    place = reading_place(store.uri)
    store.probe()
    with place.reserved(store.uri, wait_s=_WAIT_S):
        for files in run_files(store, place, *parts):
            files.pull()
        pull_journal(store, place)
    with naming(place, store.uri):
        yield place.paths


@contextmanager
def naming(place: WorkingPlace, uri: str) -> Iterator[None]:
    """Name the stored folder in errors, where they name the one that stands for it here."""
    try:
        yield
    except (GanorchError, GanModelsError) as error:
        raise type(error)(str(error).replace(str(place.paths.root), uri)) from error


def run_files(store: Store, place: WorkingPlace, *parts: str) -> list[FolderSync]:
    """Return the files that lie in the run folder itself, and whole folders below it."""
    root, known = place.paths.root, place.known
    own = FolderSync(
        store, root, "", known=known, pattern="*", takes=lambda inner: inner in RUN_FILES
    )
    return [own, *(FolderSync(store, root, part, known=known) for part in parts)]


def pull_journal(store: Store, place: WorkingPlace) -> None:
    """Fetch the pieces of the journal that are new, and put it together.

    Raises:
        JournalError: if a piece is missing; names it.
    """
    FolderSync(store, place.pieces, FOLDER, known=place.known).pull()
    pieces = {
        path.relative_to(place.pieces).as_posix(): path.read_bytes()
        for path in (place.pieces / FOLDER).glob("*")
    }
    with whole_file(place.paths.journal) as draft:
        draft.write_bytes(join_segments(pieces, uri=store.uri))


def fetch_pictures(store: Store, paths: RunPaths, latest_nimg: Iterable[tuple[str, int]]) -> None:
    """Fetch the latest grid of each trial, where it is not here.

    Args:
        store: of the run.
        paths: of the run folder here.
        latest_nimg: after how many images each trial was last evaluated.
    """

    def fetch(grid: Path) -> None:
        for other in grid.parent.glob("*.png"):
            if other != grid:
                other.unlink()
        if not grid.exists():
            with suppress(FileNotFoundError):  # not drawn, or not stored yet
                store.get(grid.relative_to(paths.root).as_posix(), grid)

    grids = [paths.trial(trial_id).sample_grid(nimg) for trial_id, nimg in latest_nimg]
    in_parallel(fetch, grids)


@contextmanager
def copy_inside(uri: StoreUri, *parts: str) -> Iterator[Path]:
    """Bring here a run folder with ``parts``, or what the URI names inside one.

    Raises:
        RunFolderError: if it lies in no run folder, or the store refuses.
        StoreError: if the store does not answer.
    """
    run = _run_around(uri)
    inner = PurePosixPath(uri.path).relative_to(run.path).as_posix()
    if inner != ".":
        parts = (PurePosixPath(inner).parent.as_posix() if PurePosixPath(inner).suffix else inner,)
    with copy_of(str(run), *parts) as paths:
        yield paths.root / inner


def holds_run(uri: StoreUri) -> bool:
    """Say whether a sweep has begun at a URI.

    Raises:
        RunFolderError: if the store refuses.
    """
    store = open_store(uri)
    store.probe()
    return RUN_FILES[0] in store.list("", is_deep=False)


def _run_around(uri: StoreUri) -> StoreUri:
    open_store(uri).probe()
    for folder in (uri, *uri.parents[:_MAX_DEPTH]):
        if holds_run(folder):
            return folder
    raise RunFolderError(f"{uri}: not a run folder (it has no {RUN_FILES[0]}), nor inside one")
