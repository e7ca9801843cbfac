"""The one entry to data: a source in, its three splits out."""

from collections.abc import Callable
from pathlib import Path

from gan_models.data.arrays import read_arrays
from gan_models.data.brought import load_brought_samples
from gan_models.data.dataset import Splits
from gan_models.data.digits import read_digits
from gan_models.data.image_folder import read_image_folder
from gan_models.data.source import FILE_KINDS, DataSource
from gan_models.data.splitting import MIN_SAMPLES, MIN_SAMPLES_PER_SPLIT
from gan_models.data.stacked_digits import draw_stacked_digits
from gan_models.data.synthetic import draw_grid25, draw_ring8
from gan_models.data.unsplit import UnsplitData
from gan_models.errors import DataError
from gan_models.samples import SampleKind

MAX_TRAINED_DIMENSIONS = 64


def load_splits(source: DataSource, seed: int = 0) -> Splits:
    """Load a data set and split it into train, select and certify.

    Args:
        source: a named data set, a path with its kind, or a user's function.
        seed: of the split, and of the draws of synthetic data. Equal seeds give equal splits, bit
            for bit; trials that are to be compared share one.

    Raises:
        DataError: if the data cannot be read or used; the message names the file.
        FactoryError: if a user's function cannot be had, or fails.
    """
    if source.name in _NAMED:
        return _NAMED[source.name](seed)
    data, place = _open(source)
    _check_trainable(data, place)
    if len(data) < MIN_SAMPLES:
        raise DataError(
            f"{place}: too few samples: {len(data)}; at least {MIN_SAMPLES} are needed, "
            f"so that each split has {MIN_SAMPLES_PER_SPLIT}"
        )
    return data.split(seed)


def _open(source: DataSource) -> tuple[UnsplitData, str]:
    """Return every sample of data that is not ours, and what to call it in errors."""
    if source.brought is not None:
        return load_brought_samples(source.brought), source.title
    path = Path(str(source.path)).expanduser()
    return read_samples(path, source.kind), str(path)


def _check_trainable(data: UnsplitData, place: str) -> None:
    """Refuse rows that are wider than points are: as likely images that somebody flattened."""
    width = data.samples.shape[1]
    if data.kind is SampleKind.POINT and width > MAX_TRAINED_DIMENSIONS:
        raise DataError(
            f"{place}: points of {width} dimensions; allowed: up to {MAX_TRAINED_DIMENSIONS}, "
            "and images as N x C x H x W (in Parquet by their shape)"
        )


def read_samples(path: Path, kind: str | None = None) -> UnsplitData:
    """Read every sample of a file or folder, unsplit.

    Args:
        path: of the file or folder.
        kind: one of ``FILE_KINDS``; None guesses it from the path.

    Raises:
        DataError: if the data cannot be read or used; the message names the file.
    """
    if not path.exists():
        raise DataError(f"{path}: does not exist")
    kind = kind or _guess_kind(path)
    if (kind == "folder") != path.is_dir():
        raise DataError(f"{path}: {'a' if path.is_dir() else 'not a'} folder, but kind is '{kind}'")
    try:
        return _READERS[kind](path)
    except OSError as error:
        raise DataError(f"{error.filename or path}: cannot be read ({error.strerror})") from error


def _guess_kind(path: Path) -> str:
    if path.is_dir():
        return "folder"
    suffix = path.suffix.lower()
    if suffix not in _KIND_OF_SUFFIX:
        raise DataError(
            f"{path}: its kind is unknown from '{suffix}'; allowed: a folder, "
            f"{', '.join(_KIND_OF_SUFFIX)}, or set kind to one of {', '.join(FILE_KINDS)}"
        )
    return _KIND_OF_SUFFIX[suffix]


def _read_parquet(file: Path) -> UnsplitData:
    from gan_models.data.parquet import read_parquet  # pyarrow is heavy: only who needs it pays

    return read_parquet(file)


_NAMED: dict[str, Callable[[int], Splits]] = {
    "digits": lambda seed: read_digits().split(seed),
    "ring8": lambda seed: draw_ring8(seed).split(seed),
    "grid25": lambda seed: draw_grid25(seed).split(seed),
    "stacked-digits": draw_stacked_digits,
}
_READERS: dict[str, Callable[[Path], UnsplitData]] = {
    "folder": read_image_folder,
    "numpy": read_arrays,
    "parquet": _read_parquet,
}
_KIND_OF_SUFFIX = {".npz": "numpy", ".npy": "numpy", ".parquet": "parquet"}
