"""Feature networks, features and references on disk: made once, shared by all of a machine.

``<cache>/<kind>-<key>.safetensors`` with a ``.json`` beside it that holds the recipe and the hash
of the content. The key is a hash of the recipe, so other data or another torch is another file.
Files are mapped into memory, not read: processes that use one share its pages.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from safetensors.torch import load_file, save_file
from torch import Tensor

from gan_models.cache_home import cache_folder
from gan_models.errors import MetricError
from gan_models.files import file_sha256, whole_file, write_json

Recipe = Mapping[str, str | int | float]
Tensors = dict[str, Tensor]

_LOCK_TIMEOUT_S = 6 * 3600  # a large network on one core takes hours for a large split

logger = logging.getLogger(__name__)


def cached_tensors(
    kind: str, recipe: Recipe, make: Callable[[], Tensors], *, cache_dir: Path | None = None
) -> Tensors:
    """Return the tensors that ``make`` gives, from disk where they were made before.

    A file that is missing, torn or altered is made again. Processes that ask at once wait for the
    first one. The tensors are views of the file: do not write into them.

    Args:
        kind: what is made, the readable part of the file name.
        recipe: everything that determines the tensors.
        make: does the work.
        cache_dir: where to look; None means :func:`cache_folder`.

    Raises:
        MetricError: if the folder cannot be written.
    """
    folder = cache_folder() if cache_dir is None else cache_dir
    text = json.dumps(dict(recipe), sort_keys=True)
    file = folder / f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.safetensors"
    with _locked(file):
        if not _is_whole(file, recipe):
            _save(file, recipe, make())
        return load_file(file)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    lock = FileLock(file.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S)
    with _writing_to(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout as error:
            raise MetricError(
                f"feature cache: another process has held {lock.lock_file} for "
                f"{_LOCK_TIMEOUT_S / 3600:g} hours: end it, or set GANORCH_CACHE to another folder"
            ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise MetricError(
            f"feature cache {folder}: {error.strerror or error}; "
            "set GANORCH_CACHE to a folder that can be written"
        ) from error


def _is_whole(file: Path, recipe: Recipe) -> bool:
    try:
        note = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        whole = _note(file, recipe)
    except FileNotFoundError:
        return False
    except ValueError:
        note, whole = None, {}
    if note != whole:
        logger.warning("feature cache: %s is broken, making it again", file)
    return bool(note == whole)


def _save(file: Path, recipe: Recipe, tensors: Tensors) -> None:
    with _writing_to(file.parent):
        with whole_file(file) as draft:
            save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft)
        # Last, so that a note never vouches for a file that is not there.
        write_json(file.with_suffix(".json"), _note(file, recipe))


def _note(file: Path, recipe: Recipe) -> dict[str, object]:
    return {"recipe": dict(recipe), "sha256": file_sha256(file)}
