import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from orchestrator.curves.parquet import read_parquet
from orchestrator.errors import ConfigError


def write(folder: Path, columns: dict[str, Any]) -> Path:
    path = folder / "evaluations.parquet"
    parquet.write_table(pa.table(columns), path)
    return path


def test_rows_hold_the_known_columns(tmp_path: Path) -> None:
    path = write(tmp_path, {"step": [1, 2], "fid": [9.0, None], "picture": [b"x", b"y"]})
    rows = list(read_parquet(path))
    assert [row.cells for row in rows] == [{"step": 1, "fid": 9.0}, {"step": 2, "fid": None}]
    assert rows[1].place == f"{path}, row 2"


def test_a_table_without_a_required_column_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, {"step": [1], "loss": [0.5]})
    with pytest.raises(ConfigError, match="no column fid; .*found: step, loss"):
        list(read_parquet(path))


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evaluations.parquet"
    path.write_text("step,fid\n")
    with pytest.raises(ConfigError, match="evaluations.parquet: not a Parquet file"):
        list(read_parquet(path))


def test_the_door_does_not_load_pyarrow_before_it_is_used() -> None:
    code = "import sys, orchestrator.curves; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
