from collections.abc import Mapping
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from orchestrator.curves.rows import collect_curves
from orchestrator.curves.tensorboard import read_tensorboard
from orchestrator.errors import ConfigError
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind
from orchestrator.tensorboard import TrialBoard


def write(folder: Path, points: Mapping[int, Mapping[str, float]]) -> None:
    """Write scalars by step and tag, as any trainer does."""
    writer = EventFileWriter(str(folder))
    for step, values in points.items():
        summary = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        writer.add_event(Event(step=step, wall_time=step, summary=Summary(value=summary)))
    writer.close()


def read(root: Path) -> dict[str, list[Evaluation]]:
    return collect_curves(read_tensorboard(root), default_run="unused")


def test_every_folder_with_a_fid_is_a_run(tmp_path: Path) -> None:
    write(tmp_path / "b" / "train", {10: {"Metrics/fid50k_full": 8.0}})
    write(tmp_path / "a", {10: {"FID": 9.0, "eval/coverage": 0.5}, 20: {"FID": nan}})
    write(tmp_path / "losses", {10: {"loss": 1.0}})
    curves = read(tmp_path)
    assert list(curves) == ["a", "b/train"]
    assert curves["a"][0] == Evaluation(run="a", step=10, fid=9.0, coverage=0.5)
    assert isnan(curves["a"][1].fid)


def test_a_folder_of_one_run_gives_it_its_name(tmp_path: Path) -> None:
    write(tmp_path / "gan", {1: {"fid": 9.0}})
    assert list(read(tmp_path / "gan")) == ["gan"]


def test_only_steps_with_a_fid_are_rows(tmp_path: Path) -> None:
    write(tmp_path, {1: {"g_loss": 1.0}, 2: {"g_loss": 2.0, "fid": 9.0}, 3: {"g_loss": 3.0}})
    (curve,) = read(tmp_path).values()
    assert [(row.step, row.g_loss) for row in curve] == [(2, 2.0)]


def test_no_point_of_a_long_curve_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, {step: {"fid": 9.0} for step in range(12_000)})
    (curve,) = read(tmp_path).values()
    assert len(curve) == 12_000


def test_what_a_trial_wrote_is_read_back(tmp_path: Path) -> None:
    verdict = Verdict(kind=VerdictKind.IMPROVING, action=Action.GO_ON, reason="so far")
    row = Evaluation(run="t-1", step=5, nimg=320, fid=9.5, fid_a=9.25, fid_b=9.75, coverage=0.5)
    with TrialBoard(tmp_path / "t-1", trial_id="t-1", params={"d_lr": 1e-3}) as board:
        board.add(row, verdict, best=row)
    (read_back,) = read(tmp_path)["t-1"]
    assert read_back.to_mapping() == replace(row, step=320, nimg=0).to_mapping()


def test_a_folder_without_events_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no TensorBoard event files"):
        read(tmp_path)


def test_events_without_a_fid_are_refused_with_what_there_is(tmp_path: Path) -> None:
    write(tmp_path, {1: {"loss/d": 1.0, "loss/g": 1.0}})
    with pytest.raises(ConfigError, match="no scalar called fid or .*; found: loss/d, loss/g"):
        read(tmp_path)
