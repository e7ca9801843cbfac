import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.curves.jsonl import read_jsonl
from orchestrator.errors import ConfigError


def write(folder: Path, *lines: Any) -> Path:
    path = folder / "metric-fid50k_full.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def stylegan_line(kimg: int, fid: float) -> dict[str, Any]:
    """Return a line as StyleGAN2-ADA and StyleGAN3 write it."""
    return {
        "results": {"fid50k_full": fid},
        "metric": "fid50k_full",
        "total_time": 123.4,
        "total_time_str": "2m 03s",
        "num_gpus": 8,
        "snapshot_pkl": f"network-snapshot-{kimg:06d}.pkl",
        "timestamp": 1602263580.0,
    }


def test_a_line_is_a_row(tmp_path: Path) -> None:
    path = write(tmp_path, {"step": 1, "fid": 9.0}, "", {"step": 2, "fid": float("nan")})
    rows = list(read_jsonl(path))
    assert rows[0].cells == {"step": 1, "fid": 9.0}
    assert rows[1].place == f"{path}, line 3"


def test_a_line_of_stylegan_counts_kimg_by_the_snapshot(tmp_path: Path) -> None:
    (row,) = read_jsonl(write(tmp_path, stylegan_line(200, 12.5)))
    assert row.cells == {"fid": 12.5, "step": 200, "nimg": 200_000}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{torn", "line 1: not JSON"),
        ([1, 2], 'line 1: not a mapping such as {"step": 2000, "fid": 56.4}'),
        (stylegan_line(1, 2.0) | {"snapshot_pkl": None}, "line 1: no kimg, as in snapshot_pkl"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        list(read_jsonl(write(tmp_path, line)))
