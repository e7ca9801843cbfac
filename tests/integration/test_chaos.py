"""Short versions of the benchmarks in ``benchmarks/chaos``: nothing is lost or done twice."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.chaos.driver_kills import kill_drivers
from benchmarks.chaos.three_nodes import three_nodes
from benchmarks.chaos.trial_kills import kill_trials

pytestmark = [
    pytest.mark.integration,
    pytest.mark.ray,
    pytest.mark.skipif(sys.platform != "linux", reason="signals processes by their id"),
]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with three_nodes() as address:
        yield address


def test_no_step_is_lost_or_told_twice_where_trials_are_killed(
    address: str, tmp_path: Path
) -> None:
    found = kill_trials(tmp_path, address, num_kills=20, seed=0)
    assert found.promises.are_kept, found.promises
    assert len(found.restarts_s) == 20
    assert found.p95_s <= 15, found.restarts_s  # 5 s on an idle machine


def test_no_trial_runs_twice_or_changes_where_drivers_are_killed(
    address: str, tmp_path: Path
) -> None:
    found = kill_drivers(tmp_path, address, num_kills=10, seed=0)
    assert found.promises.are_kept, found.promises
    assert found.num_with_trials >= 5
