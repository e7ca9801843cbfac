"""Curves in a Parquet file, such as the ``evaluations.parquet`` of a sweep."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from orchestrator.curves.rows import REQUIRED, Row
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from orchestrator.table_seal import check_table


def read_parquet(path: Path) -> Iterator[Row]:
    """Yield the rows of a Parquet file.

    Raises:
        ConfigError: if it is none, or step or fid is not among its columns.
        DamageError: if it is a sweep's, and not what the sweep wrote.
    """
    import pyarrow
    from pyarrow import parquet

    check_table(path)
    try:
        file = parquet.ParquetFile(path)
    except pyarrow.ArrowInvalid as error:
        raise ConfigError(f"{path}: not a Parquet file ({error})") from None
    with file:
        found = file.schema_arrow.names
        missing = [name for name in ("step", "fid") if name not in found]
        if missing:
            lack = " and ".join(missing)
            raise ConfigError(f"{path}: no column {lack}; {REQUIRED}; found: {', '.join(found)}")
        known = [spec.name for spec in fields(Evaluation) if spec.name in found]
        rows = file.read(columns=known).to_pylist()
    for number, cells in enumerate(rows, start=1):
        yield Row(cells, f"{path}, row {number}")
