import json
from math import isnan, nan
from pathlib import Path

import pytest

from orchestrator.records import Evaluation
from orchestrator.trial.curve_file import append_evaluation, rewind_evaluations


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "trial" / "evaluations.jsonl"


def row(step: int, fid: float = 5.0) -> Evaluation:
    return Evaluation(run="a", step=step, nimg=1000 * step, fid=fid, coverage=0.5)


def write(path: Path, *steps: int) -> None:
    for step in steps:
        append_evaluation(path, row(step), number=step)


def steps_on_disk(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_each_evaluation_is_one_line_that_can_be_read_at_once(path: Path) -> None:
    for step in (0, 1):
        append_evaluation(path, row(step), number=step)
        assert steps_on_disk(path) == list(range(step + 1))


def test_what_is_kept_is_read_back_and_the_rest_is_dropped_on_disk_too(path: Path) -> None:
    write(path, 0, 1, 2, 3)
    (first, second, third) = rewind_evaluations(path, nimg=2000)
    assert (first.step, first.fid, first.coverage) == (0, 5.0, 0.5)
    assert (second.nimg, third.nimg) == (1000, 2000)
    assert isnan(first.kid)
    assert steps_on_disk(path) == [0, 1, 2]


def test_nothing_is_kept_of_a_trial_that_begins_anew(path: Path) -> None:
    write(path, 0, 1)
    assert rewind_evaluations(path, nimg=-1) == []
    assert steps_on_disk(path) == []


def test_a_trial_without_a_file_has_no_curve(path: Path) -> None:
    assert rewind_evaluations(path, nimg=10**9) == []


@pytest.mark.parametrize("torn", ['{"run": "a", "st', '{"run": "a"}\n'[:-1] + "x", "\x00\x00"])
def test_a_torn_line_is_dropped(path: Path, torn: str) -> None:
    write(path, 0, 1)
    with path.open("a") as file:
        file.write(torn)
    assert [kept.step for kept in rewind_evaluations(path, nimg=10**9)] == [0, 1]
    write(path, 2)
    assert steps_on_disk(path) == [0, 1, 2]


def test_a_number_that_is_not_finite_is_null_on_disk_and_nan_in_memory(path: Path) -> None:
    append_evaluation(path, row(0, fid=nan), number=0)
    assert json.loads(path.read_text())["fid"] is None
    (kept,) = rewind_evaluations(path, nimg=0)
    assert isnan(kept.fid)
