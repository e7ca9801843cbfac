"""Trained feature networks on disk, so that every process of a machine trains them once.

``<cache>/<kind>-<key>.safetensors`` with a ``.json`` beside it that holds the recipe and the hash
of the weights. The key is a hash of the recipe, so other data or another torch is another file.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from safetensors.torch import load, save
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.files import whole_file, write_json

Recipe = Mapping[str, str | int | float]
Weights = dict[str, Tensor]

_LOCK_TIMEOUT_S = 1800  # longer than any training that another process may be busy with

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return ``$GANORCH_CACHE``, or ``ganorch`` under ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if chosen := os.environ.get("GANORCH_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ganorch"


def cached_weights(
    kind: str, recipe: Recipe, train: Callable[[], Weights], *, cache_dir: Path | None = None
) -> Weights:
    """Return the weights that ``train`` gives, from disk where they were trained before.

    A file that is missing, torn or altered is trained again. Processes that ask at once wait for
    the first one's training.

    Args:
        kind: what is trained, the readable part of the file name.
        recipe: everything that determines the weights.
        train: does the work.
        cache_dir: where to look; None means :func:`cache_folder`.

    Raises:
        MetricError: if the folder cannot be written.
    """
    folder = cache_folder() if cache_dir is None else cache_dir
    text = json.dumps(dict(recipe), sort_keys=True)
    weights_file = folder / f"{kind}-{_sha256(text.encode())[:16]}.safetensors"
    with _locked(weights_file):
        weights = _load(weights_file, recipe)
        if weights is None:
            weights = train()
            _save(weights_file, recipe, weights)
    return weights


@contextmanager
def _locked(weights_file: Path) -> Iterator[None]:
    try:
        weights_file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(weights_file.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
            yield
    except OSError as error:
        raise MetricError(
            f"feature cache {weights_file.parent}: {error.strerror or error}; "
            "set GANORCH_CACHE to a folder that can be written"
        ) from error


def _load(weights_file: Path, recipe: Recipe) -> Weights | None:
    try:
        content = weights_file.read_bytes()
        note = json.loads(weights_file.with_suffix(".json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        note = None
    if note != _note(recipe, content):
        logger.warning("feature cache: %s is broken, training it again", weights_file)
        return None
    return load(content)


def _save(weights_file: Path, recipe: Recipe, weights: Weights) -> None:
    content = save(weights)
    with whole_file(weights_file) as draft:
        draft.write_bytes(content)
    # Last, so that a note never vouches for weights that are not there.
    write_json(weights_file.with_suffix(".json"), _note(recipe, content))


def _note(recipe: Recipe, content: bytes) -> dict[str, object]:
    return {"recipe": dict(recipe), "sha256": _sha256(content)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
