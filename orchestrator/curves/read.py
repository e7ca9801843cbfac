"""One door for every format in which curves are recorded."""

from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator.curves.csv import read_csv
from orchestrator.curves.jsonl import read_jsonl
from orchestrator.curves.parquet import read_parquet
from orchestrator.curves.rows import Row, collect_curves
from orchestrator.curves.tensorboard import read_tensorboard
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

FILE_FORMATS: dict[str, Callable[[Path], Iterator[Row]]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
}


def read_curves(path: Path) -> dict[str, list[Evaluation]]:
    """Read the metric curves of one or several runs.

    Args:
        path: a CSV, JSONL or Parquet file, or a folder of TensorBoard event files.

    Returns:
        The rows of each run, in the order in which they were recorded. A file without the column
        ``run`` holds one run, called after the file.

    Raises:
        ConfigError: if there is nothing to read, or something that is no curve.
    """
    try:
        curves = collect_curves(_format_of(path)(path), default_run=path.stem)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason})") from error
    if not curves:
        raise ConfigError(f"{path}: holds no row")
    return curves


def _format_of(path: Path) -> Callable[[Path], Iterator[Row]]:
    if path.is_dir():
        return read_tensorboard
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder")
    if path.suffix.lower() not in FILE_FORMATS:
        allowed = ", ".join(FILE_FORMATS)
        raise ConfigError(
            f"{path}: not a format of curves; allowed are {allowed} files, and TensorBoard folders"
        )
    return FILE_FORMATS[path.suffix.lower()]
