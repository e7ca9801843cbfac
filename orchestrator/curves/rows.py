"""From the cells of recorded rows to the curve of each run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from math import nan
from typing import Any, NamedTuple

from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

REQUIRED = "a curve needs step and fid in every row, and run where a file holds several"

_COLUMN_TYPES: dict[str, Any] = {spec.name: spec.type for spec in fields(Evaluation)}
_TRUTH = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


class Row(NamedTuple):
    """The cells of one row by column, and where they stand, for messages."""

    cells: Mapping[str, Any]
    place: str


class _ReadRow(NamedTuple):
    evaluation: Evaluation
    has_fid: bool  # an empty cell is not the same as a NaN


def collect_curves(rows: Iterable[Row], *, default_run: str) -> dict[str, list[Evaluation]]:
    """Group rows by run, in the order of their first appearance.

    An empty cell counts as a column that is not there; unknown columns are left out. ``hours``
    stand in for ``seconds``. An empty
    fid means "not measured here" where the run has a fid further down, and the row is left out;
    at the end of a run that was measured in every row before, it means that nothing could be
    measured any more, and becomes NaN.

    Raises:
        ConfigError: if a row lacks step or fid, or a cell is not what its column holds.
    """
    runs: dict[str, list[_ReadRow]] = {}
    for row in rows:
        read = _read(row, default_run)
        runs.setdefault(read.evaluation.run, []).append(read)
    return {run: _measured(read) for run, read in runs.items()}


def _read(row: Row, default_run: str) -> _ReadRow:
    for name in ("step", "fid"):
        if name not in row.cells:
            raise ConfigError(f"{row.place}: no {name}; {REQUIRED}")
    values = {
        name: _value(row, name, kind=kind)
        for name, kind in _COLUMN_TYPES.items()
        if not _is_empty(row.cells.get(name))
    }
    if "seconds" not in values and not _is_empty(row.cells.get("hours")):
        values["seconds"] = 3600.0 * _number(row, "hours")
    if "step" not in values:
        raise ConfigError(f"{row.place}: step is empty; {REQUIRED}")
    defaults: dict[str, Any] = {"run": default_run, "fid": nan}
    evaluation = Evaluation(**defaults | values)
    return _ReadRow(evaluation, has_fid="fid" in values)


def _measured(rows: Sequence[_ReadRow]) -> list[Evaluation]:
    last_measured = max((index for index, row in enumerate(rows) if row.has_fid), default=-1)
    has_gaps = any(_is_gap(row) for row in rows[:last_measured])
    return [row.evaluation for row in rows if not (has_gaps and _is_gap(row))]


def _is_gap(row: _ReadRow) -> bool:
    return not row.has_fid and row.evaluation.finite


def _is_empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _number(row: Row, name: str) -> float:
    return float(_value(row, name, kind=float))


def _value(row: Row, name: str, *, kind: type) -> Any:
    cell = row.cells[name]
    try:
        if kind is str:
            return str(cell).strip()
        if kind is bool:
            return _TRUTH[str(cell).strip().lower()]
        return float(cell) if kind is float else _whole_number(cell)
    except (KeyError, OverflowError, TypeError, ValueError):
        wanted = {bool: "true or false", float: "a number", int: "a whole number"}[kind]
        raise ConfigError(f"{row.place}: {name} {cell!r} is not {wanted}") from None


def _whole_number(cell: Any) -> int:
    """Read 2000, "2000" and, as some writers have it, 2000.0."""
    try:
        return int(cell) if isinstance(cell, str | int) else _whole(float(cell))
    except ValueError:
        return _whole(float(cell))


def _whole(value: float) -> int:
    if not value.is_integer():
        raise ValueError(value)
    return int(value)
