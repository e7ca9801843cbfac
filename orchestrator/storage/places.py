"""Where on this machine a stored run folder is worked on, or looked at."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gan_models.cache_home import cache_folder
from gan_models.files import write_text
from orchestrator.errors import RunFolderError
from orchestrator.paths import RunPaths

_KEY_LENGTH = 16


@dataclass(frozen=True)
class WorkingPlace:
    """A folder of this machine that stands for a folder in a store.

    Beside ``run/``, the run folder itself, it holds what is known of the store's files, and the
    pieces of the journal.
    """

    folder: Path

    @property
    def paths(self) -> RunPaths:
        """The run folder as every other part of the program sees it."""
        return RunPaths(self.folder / "run")

    @property
    def known(self) -> Path:
        """What was stored when it was last looked at, one file for each part."""
        return self.folder / "known"

    @property
    def pieces(self) -> Path:
        """The pieces of the journal, below ``journal/`` as in the store."""
        return self.folder / "pieces"

    def clear(self) -> None:
        """Forget everything: a new sweep begins."""
        for folder in (self.paths.root, self.known, self.pieces):
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def reserved(self, uri: str, *, wait_s: float = 0) -> Iterator[None]:
        """Keep the place for one process at a time, and for one stored folder for good.

        Args:
            uri: of the stored folder.
            wait_s: how long to wait for another process.

        Raises:
            RunFolderError: if another process works here, it is another folder's place, or it
                holds files of somebody else, or cannot be written.
        """
        lock = FileLock(self.folder / "lock", timeout=wait_s)
        try:
            self._dedicate(uri)
            lock.acquire()
        except Timeout as error:
            raise RunFolderError(
                f"{uri}: another process on this machine works on it, in {self.folder}"
            ) from error
        except OSError as error:
            why = error.strerror or error
            raise RunFolderError(f"{self.folder}: cannot be written ({why})") from error
        try:
            yield
        finally:
            lock.release()

    def make_private(self) -> None:
        """Make the folder, for this user alone: what a run folder holds is nobody else's."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def _dedicate(self, uri: str) -> None:
        self.make_private()
        owner = self.folder / "uri"
        if not owner.is_file():
            if self.folder.is_dir() and any(self.folder.iterdir()):
                raise RunFolderError(f"{self.folder}: holds other files; name an empty folder")
            write_text(owner, uri + "\n")
        other = owner.read_text("utf-8").strip()
        if other != uri:
            raise RunFolderError(f"{self.folder}: is the working folder of {other}; name another")


def driving_place(uri: str, workdir: Path | None = None) -> WorkingPlace:
    """Return where a sweep's driver works: in a folder that was named, or in the cache."""
    return WorkingPlace(_folder(uri, workdir) / "driver")


def training_place(uri: str, workdir: Path | None = None) -> WorkingPlace:
    """Return where this node's trials work, apart from the driver."""
    return WorkingPlace(_folder(uri, workdir) / "trials")


def reading_place(uri: str) -> WorkingPlace:
    """Return where a stored run is looked at, apart from where this machine may work on it."""
    return WorkingPlace(_in_cache("copies", uri))


def _folder(uri: str, workdir: Path | None) -> Path:
    return workdir.resolve() if workdir else _in_cache("runs", uri)


def _in_cache(kind: str, uri: str) -> Path:
    return cache_folder() / kind / hashlib.sha256(uri.encode()).hexdigest()[:_KEY_LENGTH]
