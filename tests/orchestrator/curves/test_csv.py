from pathlib import Path

import pytest

from orchestrator.curves.csv import read_csv
from orchestrator.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "curve.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_columns_are_named_by_the_first_line(tmp_path: Path) -> None:
    path = write(tmp_path, "fid, step\n9.5, 100\n\n8.5, 200\n")
    rows = list(read_csv(path))
    assert [row.cells for row in rows] == [
        {"fid": "9.5", "step": "100"},
        {"fid": "8.5", "step": "200"},
    ]
    assert [row.place for row in rows] == [f"{path}, line 2", f"{path}, line 4"]


def test_a_mark_of_byte_order_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert next(read_csv(write(tmp_path, "\ufeffstep,fid\n1,2\n"))).cells["step"] == "1"


def test_a_short_line_has_empty_cells_and_a_long_one_is_cut(tmp_path: Path) -> None:
    rows = read_csv(write(tmp_path, "step,fid,run\n1\n1,2,a,b\n"))
    assert [list(row.cells.values()) for row in rows] == [["1", "", ""], ["1", "2", "a"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step;fid\n1;2\n", "line 1: no column step and fid; .*found: step;fid"),
        ("step,loss\n", "line 1: no column fid; a curve needs step and fid"),
        ("", "found: nothing"),
        ("step,fid\n1," + "2" * 200_000, "line 2: not CSV"),
    ],
)
def test_a_file_that_is_no_curve_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        list(read_csv(write(tmp_path, text)))
