"""Kills random trial processes of a running sweep: what was lost, and how soon were they back?

``python -m benchmarks.chaos.trial_kills --kills 100`` took 7 minutes on two busy cores.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.chaos.paced_sweep import NUM_STEPS, drive, driver
from benchmarks.chaos.paced_trial import Step, executed_steps
from benchmarks.chaos.promises import Promises, check_promises
from benchmarks.chaos.three_nodes import three_nodes
from orchestrator.backends.inprocess import InProcessBackend

_PACE_S = 0.3
_DEADLINE_S = 3000.0
_KILLS_A_TRIAL = 2.0  # on average


@dataclass(frozen=True)
class Kills:
    """What became of a sweep, and how long each killed trial took to its first new step."""

    restarts_s: list[float]
    promises: Promises

    @property
    def p95_s(self) -> float:
        """The restart time that one in twenty exceeds."""
        return quantiles(self.restarts_s, n=20, method="inclusive")[-1]


def kill_trials(folder: Path, address: str, *, num_kills: int, seed: int) -> Kills:
    """Run a sweep on a cluster, kill so many of its trials' processes, and wait for its end.

    Raises:
        AssertionError: if the driver fails, or the sweep ends before all kills were made.
    """
    rng, num_trials = random.Random(seed), max(4, round(num_kills / _KILLS_A_TRIAL))
    undisturbed = drive(folder / "undisturbed", InProcessBackend(), num_trials=num_trials)
    killed: list[tuple[str, float]] = []
    run = folder / "run"
    with driver(run, num_trials=num_trials, pace_s=_PACE_S, address=address) as process:
        while len(killed) < num_kills:
            assert process.poll() is None, f"the sweep ended after {len(killed)} kills"
            time.sleep(rng.uniform(0.3, 1.0))
            killed += _kill_one(run, rng)
        assert process.wait(timeout=_DEADLINE_S) == 0
    steps = executed_steps(run)
    return Kills([_restart_s(steps, *each) for each in killed], check_promises(run, undisturbed))


def _kill_one(run: Path, rng: random.Random) -> list[tuple[str, float]]:
    """Kill a trial that has just taken a step, other than its last; return which and when."""
    now_s, latest = time.time(), {step.trial: step for step in executed_steps(run)}
    alive = [
        step
        for step in latest.values()
        if now_s - step.time_s < _PACE_S and step.step < NUM_STEPS - 1
    ]
    if not alive:
        return []
    victim = rng.choice(alive)
    with suppress(ProcessLookupError):
        os.kill(victim.pid, signal.SIGKILL)
        return [(victim.trial, time.time())]
    return []


def _restart_s(steps: list[Step], trial: str, killed_s: float) -> float:
    later_s = [step.time_s for step in steps if step.trial == trial and step.time_s > killed_s]
    return min(later_s) - killed_s


def main() -> None:
    """Print what so many kills came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, three_nodes() as address:
        found = kill_trials(Path(folder), address, num_kills=given.kills, seed=given.seed)
    print(f"kills of trials       {len(found.restarts_s)}")
    print(f"first new step, p50   {median(found.restarts_s):.2f} s")
    print(f"first new step, p95   {found.p95_s:.2f} s")
    print(f"first new step, worst {max(found.restarts_s):.2f} s")
    print(f"steps redone          {found.promises.redone_frac:.1%}")
    print(found.promises)


if __name__ == "__main__":
    main()
