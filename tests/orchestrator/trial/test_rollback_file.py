from pathlib import Path

import pytest

from orchestrator.paths import TrialPaths
from orchestrator.records import Adjustment
from orchestrator.trial.rollback_file import read_rollbacks, record_rollbacks


@pytest.fixture
def paths(tmp_path: Path) -> TrialPaths:
    """Return the folder of a trial with states and pictures of 1, 2 and 3 hundred images."""
    paths = TrialPaths(tmp_path / "trial")
    for nimg in (100, 200, 300):
        (paths.checkpoints / f"checkpoint-{nimg:012d}").mkdir(parents=True)
        paths.snapshot(nimg).mkdir()
        paths.samples.mkdir(exist_ok=True)
        paths.sample_grid(nimg).touch()
    return paths


def rollback(nimg: int, number: int = 1) -> Adjustment:
    return Adjustment(
        step=nimg // 10,
        nimg=nimg,
        d_steps=1,
        g_steps=1,
        lr_factor=0.5**number,
        num_rollbacks=number,
        reason="it died",
        died_nimg=300,
        seconds=1.5,
    )


def test_without_a_roll_back_there_is_no_file(paths: TrialPaths) -> None:
    assert read_rollbacks(paths.rollbacks) == []


def test_roll_backs_are_read_as_they_were_written(paths: TrialPaths) -> None:
    made = [rollback(200), rollback(200, number=2)]
    record_rollbacks(paths, made)
    assert read_rollbacks(paths.rollbacks) == made


def test_nothing_later_is_left(paths: TrialPaths) -> None:
    record_rollbacks(paths, [rollback(200)])
    left = sorted(path.name for path in (*paths.checkpoints.iterdir(), *paths.samples.iterdir()))
    assert left == [
        "000000100.png",
        "000000200.png",
        "checkpoint-000000000100",
        "checkpoint-000000000200",
        "snapshot-000000100",
        "snapshot-000000200",
    ]


def test_a_kill_before_it_is_written_leaves_the_states_of_a_trial_that_did_not_die_yet(
    paths: TrialPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, value: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("orchestrator.trial.rollback_file.write_sealed", killed)
    with pytest.raises(KeyboardInterrupt):
        record_rollbacks(paths, [rollback(200)])
    assert read_rollbacks(paths.rollbacks) == []
    assert not (paths.checkpoints / "checkpoint-000000000300").exists()
