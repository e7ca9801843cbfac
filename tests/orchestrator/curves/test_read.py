import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from orchestrator.curves import read_curves
from orchestrator.decision.replay import judge_curves
from orchestrator.errors import ConfigError, UsageError
from orchestrator.records import Evaluation

CURVE = [Evaluation(run="gan", step=100 * index, fid=20.0 + index % 2) for index in range(30)]


def write_csv(folder: Path) -> Path:
    path = folder / "gan.csv"
    path.write_text("step,fid\n" + "".join(f"{row.step},{row.fid}\n" for row in CURVE))
    return path


def write_jsonl(folder: Path) -> Path:
    path = folder / "gan.jsonl"
    path.write_text("".join(json.dumps({"step": r.step, "fid": r.fid}) + "\n" for r in CURVE))
    return path


def write_parquet(folder: Path) -> Path:
    path = folder / "gan.parquet"
    columns = {"step": [row.step for row in CURVE], "fid": [row.fid for row in CURVE]}
    parquet.write_table(pa.table(columns), path)
    return path


def write_events(folder: Path) -> Path:
    writer = EventFileWriter(str(folder / "gan"))
    for row in CURVE:
        value = Summary.Value(tag="metrics/fid", simple_value=row.fid)
        writer.add_event(Event(step=row.step, summary=Summary(value=[value])))
    writer.close()
    return folder / "gan"


@pytest.mark.parametrize("write", [write_csv, write_jsonl, write_parquet, write_events])
def test_every_format_gives_the_same_curve(tmp_path: Path, write: object) -> None:
    assert callable(write)
    assert read_curves(write(tmp_path)) == {"gan": CURVE}


def test_a_curve_that_was_read_can_be_judged(tmp_path: Path) -> None:
    (judged,) = judge_curves(read_curves(write_csv(tmp_path)))
    assert (judged["run"], judged["verdict"], judged["stop_step"]) == ("gan", "plateaued", 2700)


def test_the_suffix_may_be_written_in_capitals(tmp_path: Path) -> None:
    path = write_csv(tmp_path).rename(tmp_path / "GAN.CSV")
    assert list(read_curves(path)) == ["GAN"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("curve.csv", b"step,fid\n", "curve.csv: holds no row"),
        ("curve.jsonl", b"", "curve.jsonl: holds no row"),
        ("curve.csv", b"step,fid\n1,\xff\xfe\n", "curve.csv: not UTF-8 text"),
        ("curve.txt", b"", "curve.txt: not a format of curves; allowed are .csv, .jsonl, .parquet"),
        ("curve.csv", None, "curve.csv: no such file or folder"),
    ],
)
def test_what_is_no_curve_is_a_usage_error(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=message) as caught:
        read_curves(path)
    assert isinstance(caught.value, UsageError)


def test_a_file_that_may_not_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **options: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    path = write_csv(tmp_path)
    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, whom nothing refuses
    with pytest.raises(ConfigError, match="gan.csv: Permission denied"):
        read_curves(path)
