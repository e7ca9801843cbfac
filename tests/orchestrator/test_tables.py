from dataclasses import fields, replace
from math import inf, isnan, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from orchestrator.errors import RunFolderError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.records import (
    Action,
    Evaluation,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.table_seal import seal_tables
from orchestrator.tables import read_evaluations, read_trials, write_tables
from orchestrator.trial_history import TrialHistory

VERDICT = Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="gains")


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    (tmp_path / "sweep.yaml").write_text("name: digits-demo\n", encoding="utf-8")
    return RunPaths(tmp_path)


@pytest.fixture
def history() -> SweepHistory:
    first = trial("a", 0, {"network": "mlp", "depth": 2, "d_lr": 1, "ema": None})
    first.add(Evaluation(run="a", step=0, nimg=0, fid=8.0, coverage=0.5), VERDICT)
    first.add(Evaluation(run="a", step=9, nimg=9000, fid=nan, d_loss=inf, finite=False), VERDICT)
    first.record = replace(
        first.record, status=TrialStatus.STOPPED, stopped_by=StoppedBy.VERDICT, seconds=1.5
    )
    second = trial("b", 1, {"network": "dcgan", "d_lr": 2e-4, "sizes": [4, 8]})
    return SweepHistory(trials={"a": first, "b": second})


def trial(name: str, index: int, params: dict[str, Any]) -> TrialHistory:
    return TrialHistory(TrialRecord(trial_id=name, index=index, params=params, seed=2**62))


def test_evaluations_come_back_as_they_were(paths: RunPaths, history: SweepHistory) -> None:
    write_tables(paths, history)
    rows = read_evaluations(paths.evaluations_table)
    assert [row.to_mapping() for row in rows] == [row.to_mapping() for row in history.evaluations]
    assert (rows[0].fid, rows[0].coverage) == (8.0, 0.5)
    assert isnan(rows[0].kid)
    assert isnan(rows[1].fid)
    assert not rows[1].finite


def test_trials_come_back_as_they_were(paths: RunPaths, history: SweepHistory) -> None:
    write_tables(paths, history)
    rows = read_trials(paths.trials_table)
    assert rows == [record.to_mapping() for record in history.records]
    assert rows[0]["params"] == {"network": "mlp", "depth": 2, "d_lr": 1, "ema": None}
    assert rows[1]["verdict"] is None


def test_columns_are_those_of_the_records_in_their_order(
    paths: RunPaths, history: SweepHistory
) -> None:
    write_tables(paths, history)
    evaluations = parquet.read_schema(paths.evaluations_table)
    assert evaluations.names == [spec.name for spec in fields(Evaluation)]
    trials = parquet.read_schema(paths.trials_table)
    assert [name for name in trials.names if not name.startswith("param.")] == [
        spec.name for spec in fields(TrialRecord)
    ]


def test_each_parameter_has_a_column_of_its_own_type(
    paths: RunPaths, history: SweepHistory
) -> None:
    write_tables(paths, history)
    table = parquet.read_table(paths.trials_table)
    columns = {
        "param.network": (pa.string(), ["mlp", "dcgan"]),
        "param.depth": (pa.int64(), [2, None]),
        "param.d_lr": (pa.float64(), [1.0, 2e-4]),
        "param.sizes": (pa.string(), [None, "[4, 8]"]),
        "param.ema": (pa.string(), [None, None]),
    }
    for name, (kind, values) in columns.items():
        assert table.schema.field(name).type == kind
        assert table[name].to_pylist() == values


def test_types_do_not_depend_on_what_was_measured(paths: RunPaths) -> None:
    write_tables(paths, SweepHistory())
    schema = parquet.read_schema(paths.evaluations_table)
    assert [schema.field(name).type for name in ("run", "step", "fid", "finite")] == [
        pa.string(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
    ]
    assert read_evaluations(paths.evaluations_table) == []


def test_numbers_that_are_not_finite_are_null_so_that_queries_pass_them_over(
    paths: RunPaths, history: SweepHistory
) -> None:
    write_tables(paths, history)
    table = parquet.read_table(paths.evaluations_table)
    assert table["fid"].null_count == 1
    assert pa.compute.mean(table["fid"]).as_py() == 8.0


def test_tables_name_their_version_and_their_sweep(paths: RunPaths, history: SweepHistory) -> None:
    write_tables(paths, history)
    for path in (paths.trials_table, paths.evaluations_table):
        metadata = parquet.read_schema(path).metadata
        assert metadata[b"ganorch.record_version"] == b"1"
        assert metadata[b"ganorch.sweep"] == b"digits-demo"


def test_the_folder_names_the_sweep_where_there_is_no_spec(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "elsewhere")
    write_tables(paths, SweepHistory())
    assert parquet.read_schema(paths.trials_table).metadata[b"ganorch.sweep"] == b"elsewhere"


def test_equal_histories_give_equal_files(paths: RunPaths, history: SweepHistory) -> None:
    write_tables(paths, history)
    before = paths.trials_table.read_bytes(), paths.evaluations_table.read_bytes()
    write_tables(paths, history)
    assert (paths.trials_table.read_bytes(), paths.evaluations_table.read_bytes()) == before


def test_a_failed_write_leaves_the_old_tables(paths: RunPaths, history: SweepHistory) -> None:
    write_tables(paths, history)
    before = paths.evaluations_table.read_bytes()
    wrong: Any = "not a number"
    history.trials["a"].evaluations.append(Evaluation(run="a", step=10, fid=wrong))
    with pytest.raises(pa.ArrowException):
        write_tables(paths, history)
    assert paths.evaluations_table.read_bytes() == before
    assert len(list(paths.evaluations_table.parent.iterdir())) == 3


def test_a_missing_table_is_named(paths: RunPaths) -> None:
    with pytest.raises(RunFolderError, match=r"trials\.parquet: no such table"):
        read_trials(paths.trials_table)


def test_a_file_that_is_no_table_is_named(paths: RunPaths) -> None:
    (paths.root / "torn.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(RunFolderError, match=r"torn\.parquet: not a Parquet table"):
        read_evaluations(paths.root / "torn.parquet")


def test_a_table_of_something_else_is_refused(paths: RunPaths) -> None:
    path = paths.root / "other.parquet"
    parquet.write_table(pa.table({"run": ["a"], "step": [1]}), path)
    with pytest.raises(RunFolderError, match="lacks fid, nimg"):
        read_evaluations(path)


def test_a_table_of_a_later_version_is_refused(paths: RunPaths, history: SweepHistory) -> None:
    write_tables(paths, history)
    table = parquet.read_table(paths.trials_table)
    metadata = {**table.schema.metadata, b"ganorch.record_version": b"2"}
    parquet.write_table(table.replace_schema_metadata(metadata), paths.trials_table)
    seal_tables(paths.tables, {paths.trials_table.name: paths.trials_table})
    with pytest.raises(
        RunFolderError, match="record version 2; this ganorch reads versions up to 1"
    ):
        read_trials(paths.trials_table)


def test_a_table_from_before_faults_were_counted_is_read(
    paths: RunPaths, history: SweepHistory
) -> None:
    write_tables(paths, history)
    table = parquet.read_table(paths.trials_table)
    parquet.write_table(table.drop_columns(["faults"]), paths.trials_table)
    paths.trials_table.with_name("manifest.json").unlink()  # there was none then
    assert [row["faults"] for row in read_trials(paths.trials_table)] == len(table) * [None]


def test_evaluations_of_before_there_were_scores_by_class_are_read(
    paths: RunPaths, history: SweepHistory
) -> None:
    write_tables(paths, history)
    whole = parquet.read_table(paths.evaluations_table)
    former = whole.drop_columns(["intra_fid", "class_coverage", "label_consistency"])
    parquet.write_table(former, paths.root / "former.parquet")
    assert len(read_evaluations(paths.root / "former.parquet")) == whole.num_rows
