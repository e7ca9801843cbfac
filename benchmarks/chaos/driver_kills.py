"""Kills the driver of a sweep at random instants and goes on with it; tells what was lost.

``python -m benchmarks.chaos.driver_kills --kills 50`` took 13 minutes on two busy cores.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.paced_sweep import drive, driver
from benchmarks.chaos.promises import Promises, check_promises
from benchmarks.chaos.three_nodes import three_nodes
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths

_PACE_S = 0.1
_DEADLINE_S = 300.0
_TRIALS_A_KILL = 2.5
_LATEST_S = 1.5  # after the moment that is waited for
_EARLY_FRAC = 0.25  # of kills before the first trial of a life has started, as a rule


@dataclass(frozen=True)
class DriverKills:
    """How many drivers were killed, in how many of them trials had begun, and what came of it."""

    num_kills: int
    num_with_trials: int
    promises: Promises


def kill_drivers(folder: Path, address: str, *, num_kills: int, seed: int) -> DriverKills:
    """Begin a sweep, kill its driver so many times, each in a later life, and let it end.

    Raises:
        AssertionError: if a driver fails, or the sweep ends before all kills were made.
    """
    rng, num_trials = random.Random(seed), max(6, round(num_kills * _TRIALS_A_KILL))
    undisturbed = drive(folder / "undisturbed", InProcessBackend(), num_trials=num_trials)
    run, lives = folder / "run", 0
    for _ in range(num_kills):
        with driver(run, num_trials=num_trials, pace_s=_PACE_S, address=address) as process:
            before = Counter(_names(run))
            awaited = "opened" if rng.random() < _EARLY_FRAC else "started"
            while Counter(_names(run))[awaited] == before[awaited]:
                assert process.poll() is None, "the sweep ended before all kills were made"
                time.sleep(0.005)
            time.sleep(rng.uniform(0.0, _LATEST_S))
            assert process.poll() is None, "the sweep ended before all kills were made"
            process.kill()
            process.wait()
        lives += Counter(_names(run))["started"] > before["started"]
    with driver(run, num_trials=num_trials, pace_s=_PACE_S, address=address) as process:
        assert process.wait(timeout=_DEADLINE_S) == 0
    return DriverKills(num_kills, lives, check_promises(run, undisturbed))


def _names(run: Path) -> list[str]:
    return [event["event"] for event in read_journal(RunPaths(run).journal)]


def main() -> None:
    """Print what so many kills came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, three_nodes() as address:
        found = kill_drivers(Path(folder), address, num_kills=given.kills, seed=given.seed)
    print(f"kills of drivers   {found.num_kills}, {found.num_with_trials} of them at work")
    print(f"steps redone       {found.promises.redone_frac:.1%}")
    print(found.promises)


if __name__ == "__main__":
    main()
