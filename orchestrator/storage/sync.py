"""One part of a run folder kept equal here and in a store, in the direction that is asked for.

A listing tells what has changed: a file is fetched again where size or time of change are not those
known, and pushed where it was written here since. Nothing is compared by content.
"""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from orchestrator.storage.base import Store, StoredFile

_PARALLEL = 8
_SETTLED_NS = 2_000_000_000  # a store may tell time in seconds: what is younger may change unseen
_STATE_FOLDER = "checkpoint-"
_MANIFESTS = ("manifest.json", "checkpoint.json", "model.json")

Item = TypeVar("Item")
Stamp = tuple[int, int]  # size in bytes and time of change in ns


class FolderSync:
    """Pulls and pushes the files of one part.

    Args:
        store: of the run.
        root: the run folder here.
        part: the folder below it, empty for the run folder itself.
        known: the folder in which is kept what was stored when it was last looked at.
        pattern: of the files that belong to the part; the default takes those at any depth.
        takes: says of a name, relative to the part, whether it belongs to it.
    """

    def __init__(
        self,
        store: Store,
        root: Path,
        part: str,
        *,
        known: Path,
        pattern: str = "**/*",
        takes: Callable[[str], bool] = lambda inner: True,
    ) -> None:
        self._store, self._root, self._part = store, root, part
        self._pattern, self._takes = pattern, takes
        self._file = known / f"{part.replace('/', '+') or 'run'}.json"
        self._here: dict[str, Stamp] = {}  # as it was when it was equal to what is stored
        self._there: dict[str, Stamp] = {}  # what was stored then, where that is sure
        self._recall()

    def pull(self) -> None:
        """Make what is here what is stored: fetch what has changed, and remove what is not there.

        Raises:
            StoreError: if the store does not answer.
        """
        listed_ns = time.time_ns()
        stored, here = self._stored(), self._local()
        stale = [name for name in stored if not self._is_current(name, here, stored)]
        in_parallel(self._get, stale)
        for name in here.keys() - stored.keys():
            (self._root / name).unlink(missing_ok=True)
        self._drop_empty_folders()
        self._here = self._local()
        self._take_down(stored, listed_ns)

    def push(self) -> None:
        """Store what was written here since: content first, manifests after it, checkpoints last.

        Raises:
            StoreError: if the store does not answer.
        """
        here = self._local()
        changed = [name for name, stamp in here.items() if self._here.get(name) != stamp]
        for _, names in groupby(sorted(changed, key=_rank), key=_rank):
            group = list(names)
            in_parallel(self._put, group)
            self._here |= {name: here[name] for name in group}
            for name in group:
                self._there.pop(name, None)
        if changed:
            self._remember()

    def retract(self) -> None:
        """Remove from the store what was removed here: manifests first, the latest first.

        Raises:
            StoreError: if the store does not answer.
        """
        gone = self._here.keys() - self._local().keys()
        for name in sorted(gone, key=_importance, reverse=True):
            self._store.delete(name)
            self._here.pop(name, None)
            self._there.pop(name, None)
        if gone:
            self._remember()

    def look(self) -> None:
        """Take down how what was pushed is listed, so that it is not fetched again.

        Raises:
            StoreError: if the store does not answer.
        """
        listed_ns = time.time_ns()
        self._take_down(self._stored(), listed_ns)

    def _stored(self) -> dict[str, StoredFile]:
        listed = self._store.list(self._part, is_deep=self._is_deep)
        return {name: info for name, info in listed.items() if self._belongs(name)}

    def _local(self) -> dict[str, Stamp]:
        folder = self._root / self._part
        found = {
            path.relative_to(self._root).as_posix(): path for path in folder.glob(self._pattern)
        }
        stamps = ((name, _stamp(path)) for name, path in found.items() if self._belongs(name))
        return {name: stamp for name, stamp in stamps if stamp is not None}

    @property
    def _is_deep(self) -> bool:
        return "/" in self._pattern

    def _belongs(self, name: str) -> bool:
        inner = PurePosixPath(name).relative_to(self._part)
        is_draft = any(word.startswith(".") for word in inner.parts)
        return not is_draft and self._takes(inner.as_posix())

    def _is_current(self, name: str, here: dict[str, Stamp], stored: dict[str, StoredFile]) -> bool:
        is_known = name in self._here and self._here[name] == here.get(name)
        return is_known and self._there.get(name) == tuple(stored[name])

    def _take_down(self, stored: dict[str, StoredFile], listed_ns: int) -> None:
        self._there = {
            name: (info.size_bytes, info.mtime_ns)
            for name, info in stored.items()
            if name in self._here
            and info.size_bytes == self._here[name][0]
            and info.mtime_ns < listed_ns - _SETTLED_NS
        }
        self._remember()

    def _get(self, name: str) -> None:
        try:
            self._store.get(name, self._root / name)
        except FileNotFoundError:  # removed since the listing
            (self._root / name).unlink(missing_ok=True)

    def _put(self, name: str) -> None:
        self._store.put(self._root / name, name)

    def _drop_empty_folders(self) -> None:
        if not self._is_deep:
            return
        folders = [path for path in (self._root / self._part).rglob("*") if path.is_dir()]
        for folder in sorted(folders, reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()

    def _recall(self) -> None:
        try:
            recalled: dict[str, Any] = json.loads(self._file.read_text("utf-8"))
            self._here = {name: (size, ns) for name, (size, ns) in recalled["here"].items()}
            self._there = {name: (size, ns) for name, (size, ns) in recalled["there"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._here, self._there = {}, {}  # everything is fetched, or pushed, once more

    def _remember(self) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_suffix(".draft")
        draft.write_text(json.dumps({"here": self._here, "there": self._there}), "utf-8")
        draft.replace(self._file)


def _rank(name: str) -> tuple[bool, int]:
    """Order names so that nothing is stored before what it vouches for."""
    path = PurePosixPath(name)
    is_state = any(part.startswith(_STATE_FOLDER) for part in path.parts)
    return is_state, 2 if path.name in _MANIFESTS else int(path.suffix == ".json")


def _importance(name: str) -> tuple[str, tuple[bool, int], str]:
    return PurePosixPath(name).parent.as_posix(), _rank(name), name


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except FileNotFoundError:  # a draft that has got its name meanwhile
        return None
    return (found.st_size, found.st_mtime_ns) if path.is_file() else None


def in_parallel(work: Callable[[Item], None], items: Sequence[Item]) -> None:
    """Do some work for each item, several at once; raises what the first of them raised."""
    with ThreadPoolExecutor(_PARALLEL) as pool:
        for done in [pool.submit(work, item) for item in items]:
            done.result()
