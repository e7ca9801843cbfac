import time
from pathlib import Path

import pytest

from benchmarks.chaos import greedy_sweep
from benchmarks.chaos.greedy_sweep import greedy_trial
from benchmarks.chaos.paced_sweep import carry_on, paced_config
from orchestrator.backends.inprocess import InProcessBackend


def test_only_the_first_trial_is_greedy_and_both_end_as_paced_ones_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(greedy_sweep, "_MOST_CHUNKS", 3)
    monkeypatch.setattr(greedy_sweep, "_CHUNK_BYTES", 7)
    monkeypatch.setattr(time, "sleep", lambda _: taken.append(1))
    history = carry_on(
        tmp_path, InProcessBackend(), paced_config(2), pace_s=0.0, run_trial=greedy_trial
    )
    assert {record.reason for record in history.records} == {"budget used"}
    # the pace of each step is a sleep, too
    num_steps = sum(record.num_evaluations for record in history.records)
    assert len(taken) == num_steps + 3
