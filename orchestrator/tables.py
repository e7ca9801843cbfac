"""A sweep's trials and evaluations as Parquet tables, rewritten whole from the history."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gan_models.files import whole_file
from orchestrator.errors import RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.records import RECORD_VERSION, Evaluation, TrialRecord
from orchestrator.table_seal import check_table, seal_tables

if TYPE_CHECKING:
    from pyarrow import Table

Row = dict[str, Any]

PARAM_PREFIX = "param."
_VERSION_KEY, _SWEEP_KEY = b"ganorch.record_version", b"ganorch.sweep"

# Types by pyarrow's aliases, so that nothing here loads pyarrow before a table is wanted.
_ARROW_TYPES = {str: "string", int: "int64", float: "double", bool: "bool"}
EVALUATION_COLUMNS = {spec.name: _ARROW_TYPES[spec.type] for spec in fields(Evaluation)}  # type: ignore[index]
TRIAL_COLUMNS = {
    "trial_id": "string",
    "index": "int64",
    "params": "string",
    "seed": "int64",
    "replicate_of": "string",
    "inherited_from": "string",
    "status": "string",
    "verdict": "string",
    "reason": "string",
    "stopped_by": "string",
    "score": "double",
    "best_fid": "double",
    "best_coverage": "double",
    "best_step": "int64",
    "best_nimg": "int64",
    "nimg": "int64",
    "num_evaluations": "int64",
    "num_attempts": "int64",
    "faults": "string",
    "seconds": "double",
}


_ADDED_LATER = (  # tables that were written before lack these columns
    "faults",
    "intra_fid",
    "class_coverage",
    "label_consistency",
)


def write_tables(paths: RunPaths, history: SweepHistory) -> None:
    """Write ``trials.parquet`` and ``evaluations.parquet``, each whole or not at all, and sealed.

    A number that is not finite is written as null. Parameters stand in ``params`` as JSON text
    and in one typed column ``param.<name>`` each, null where a trial has no such parameter.
    """
    metadata = {_VERSION_KEY: str(RECORD_VERSION), _SWEEP_KEY: _sweep_name(paths)}
    evaluations = [row.to_mapping() for row in history.evaluations]
    with whole_file(paths.trials_table) as trials, whole_file(paths.evaluations_table) as rows:
        _write(trials, *_trial_rows(history.records), metadata)
        _write(rows, EVALUATION_COLUMNS, evaluations, metadata)
        drafts = {paths.trials_table.name: trials, paths.evaluations_table.name: rows}
        seal_tables(paths.trials_table.parent, drafts)


def read_trials(path: Path) -> list[Row]:
    """Read one mapping a trial: the fields of ``TrialRecord``, ``params`` as a mapping.

    Raises:
        RunFolderError: if there is no table, or not one that this version reads.
        DamageError: if it is not what was written.
    """
    rows = _read(path, list(TRIAL_COLUMNS))
    return [row | {"params": json.loads(row["params"])} for row in rows]


def read_evaluations(path: Path) -> list[Evaluation]:
    """Read every evaluation; null becomes NaN.

    Raises:
        RunFolderError: if there is no table, or not one that this version reads.
        DamageError: if it is not what was written.
    """
    return [Evaluation.from_mapping(row) for row in _read(path, list(EVALUATION_COLUMNS))]


def _trial_rows(records: Sequence[TrialRecord]) -> tuple[dict[str, str], list[Row]]:
    names = sorted({name for record in records for name in record.params})
    kinds = {name: _param_type(record.params.get(name) for record in records) for name in names}
    columns = TRIAL_COLUMNS | {PARAM_PREFIX + name: kind for name, kind in kinds.items()}
    return columns, [_trial_row(record, kinds) for record in records]


def _trial_row(record: TrialRecord, kinds: Mapping[str, str]) -> Row:
    columns = {
        PARAM_PREFIX + name: _param_cell(record.params.get(name), kind)
        for name, kind in kinds.items()
    }
    params = json.dumps(dict(record.params), sort_keys=True, separators=(",", ":"))
    return record.to_mapping() | {"params": params} | columns


def _param_type(values: Iterable[Any]) -> str:
    """Return the narrowest column type that holds every value; text holds anything."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        return "double"
    return _ARROW_TYPES.get(kinds.pop(), "string") if len(kinds) == 1 else "string"


def _param_cell(value: Any, kind: str) -> Any:
    is_text = value is None or isinstance(value, str)
    return value if is_text or kind != "string" else json.dumps(value)


def _write(
    path: Path, columns: Mapping[str, str], rows: list[Row], metadata: Mapping[bytes, str]
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    fields = [pa.field(name, pa.type_for_alias(kind)) for name, kind in columns.items()]
    table = pa.Table.from_pylist(rows, schema=pa.schema(fields, metadata=dict(metadata)))
    parquet.write_table(table, path)


def _read(path: Path, columns: Sequence[str]) -> list[Row]:
    table = _open_table(path)
    version = int((table.schema.metadata or {}).get(_VERSION_KEY, b"0"))
    missing = [name for name in columns if name not in (*table.column_names, *_ADDED_LATER)]
    if version > RECORD_VERSION or missing:
        lack = f", lacks {', '.join(missing)}" if missing else ""
        raise RunFolderError(
            f"{path}: a table of record version {version}{lack}; "
            f"this ganorch reads versions up to {RECORD_VERSION}"
        )
    there = [name for name in columns if name in table.column_names]
    rows: list[Row] = table.select(there).to_pylist()
    return [dict.fromkeys(columns) | row for row in rows]


def _open_table(path: Path) -> "Table":
    from pyarrow import ArrowInvalid, parquet

    if path.exists():
        check_table(path)
    try:
        return parquet.read_table(path)
    except FileNotFoundError:
        raise RunFolderError(f"{path}: no such table") from None
    except ArrowInvalid as error:
        raise RunFolderError(f"{path}: not a Parquet table ({error})") from error


def _sweep_name(paths: RunPaths) -> str:
    """Return the name in the spec, or that of the folder where no spec was written."""
    spec = yaml.safe_load(paths.sweep.read_text("utf-8")) if paths.sweep.exists() else {}
    return str(spec.get("name") or paths.root.resolve().name)
