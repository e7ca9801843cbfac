"""Curves in a CSV file, with the names of the columns in its first line."""

import csv
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from orchestrator.curves.rows import REQUIRED, Row
from orchestrator.errors import ConfigError


def read_csv(path: Path) -> Iterator[Row]:
    """Yield the rows of a comma-separated file.

    Raises:
        ConfigError: if step or fid is not among the columns.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, skipinitialspace=True)
        try:
            columns = [name.strip() for name in next(lines, [])]
            _check_columns(columns, path)
            for cells in lines:
                if cells:
                    yield Row(_by_column(columns, cells), f"{path}, line {lines.line_num}")
        except csv.Error as error:
            raise ConfigError(f"{path}, line {lines.line_num}: not CSV ({error})") from None


def _check_columns(columns: Sequence[str], path: Path) -> None:
    missing = [name for name in ("step", "fid") if name not in columns]
    if missing:
        found, lack = ", ".join(columns) or "nothing", " and ".join(missing)
        raise ConfigError(f"{path}, line 1: no column {lack}; {REQUIRED}; found: {found}")


def _by_column(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Name the cells; those that a short line lacks are empty."""
    return dict(zip_longest(columns, cells[: len(columns)], fillvalue=""))
