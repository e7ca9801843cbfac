"""Samples in numpy files: one array (.npy), or ``samples`` with optional ``labels`` (.npz).

An .npz with one array besides the labels needs no name for it: ``np.savez(file, images)`` will do.
"""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from gan_models.data.interpret import interpret_array
from gan_models.data.labels import class_indices
from gan_models.data.unsplit import UnsplitData
from gan_models.errors import DataError, nearest

_ARRAY_NAMES = ("samples", "labels")
_MAGICS = (b"\x93NUMPY", b"PK")  # .npy, and .npz, which is a zip file


def read_arrays(file: Path) -> UnsplitData:
    """Read a numpy file; what its arrays mean is said by :func:`interpret_array`.

    Raises:
        DataError: naming the file, if it is broken, holds Python objects or other arrays, or its
            samples or labels cannot be used.
    """
    arrays = _load(file)
    kind, samples = interpret_array(arrays["samples"], str(file))
    labels, names = None, None
    if "labels" in arrays:
        labels, names = class_indices(arrays["labels"], len(samples), str(file))
    return UnsplitData(
        name=file.name,
        kind=kind,
        samples=samples,
        labels=labels,
        class_names=names,
    )


def _load(file: Path) -> dict[str, NDArray[Any]]:
    with file.open("rb") as stream:
        _check_magic(stream, file)
        try:
            loaded = np.load(stream, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"samples": loaded}
            names = _meanings(loaded.files, file)
            return {meaning: loaded[name] for name, meaning in names.items()}
        except DataError:
            raise
        except Exception as error:  # zip, zlib and header parsers each have errors of their own
            if "Object arrays" in str(error):
                raise DataError(f"{file}: holds Python objects; store plain numbers") from error
            raise DataError(f"{file}: a broken numpy file ({error})") from error


def _check_magic(stream: BinaryIO, file: Path) -> None:
    start = stream.read(max(map(len, _MAGICS)))
    if not start:
        raise DataError(f"{file}: empty")
    if not start.startswith(_MAGICS):
        raise DataError(f"{file}: not a numpy file (.npy or .npz)")
    stream.seek(0)


def _meanings(names: list[str], file: Path) -> dict[str, str]:
    """Return what each array is; the only one besides the labels is the samples."""
    others = [name for name in names if name != "labels"]
    if len(others) == 1:
        return {name: "labels" if name == "labels" else "samples" for name in names}
    for name in names:
        if name not in _ARRAY_NAMES:
            raise DataError(f"{file}: array '{name}': {nearest(name, _ARRAY_NAMES)}")
    raise DataError(f"{file}: no array 'samples'; found: {', '.join(names) or 'none'}")
