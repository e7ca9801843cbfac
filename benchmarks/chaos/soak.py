"""Sweeps under constant fire: one random fault every 20 s, for 20 minutes.

``python -m benchmarks.chaos.soak --minutes 20`` runs paced sweeps one after another on three Ray
nodes of this machine. Killed or stopped in turn are trials, nodes, the head's GCS and the driver;
what dies of the cluster is replaced, as an operator would. In the end every trial must have ended,
as if nobody had disturbed it, and nothing may be left of the cluster.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from subprocess import Popen
from typing import TypeVar

from benchmarks.chaos.leftovers import Leftovers, held_in, leftovers_of
from benchmarks.chaos.node_moves import await_gcs, faults_in, joined
from benchmarks.chaos.paced_sweep import drive, driver
from benchmarks.chaos.promises import Promises, check_promises
from benchmarks.chaos.victims import Victim, await_step, await_successor, await_victim
from cluster.multinode import LocalCluster, start_cluster
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths
from orchestrator.records import FaultKind

EVERY_S = 20.0
STOP = "trial SIGSTOP"
MAX_REDONE_FRAC = 0.15
_PACE_S = 0.5
_HANG_S = 12.0  # longer than until a frozen node is noticed
_FREEZE_S = 20.0
_NUM_TRIALS = 30  # of one sweep: some minutes
_NUM_LEFT = 6  # when a fault strikes
_LEAK_S = 60.0
_END_S = 600.0
Found = TypeVar("Found", list[str], Leftovers)


@dataclass
class Soak:
    """The cluster, the sweep that runs on it now, and what has been done to them.

    Attributes:
        folder: for the sweeps.
        cluster: with nodes to lose.
        rng: says whom a fault strikes, and which.
        runs: the folders of all sweeps; the last one runs.
        process: its driver.
        recovered_s: after each fault, by its name: how long until what it struck was at work.
    """

    folder: Path
    cluster: LocalCluster
    rng: random.Random
    lives: ExitStack
    runs: list[Path] = field(default_factory=list)
    recovered_s: dict[str, list[float]] = field(default_factory=dict)
    process: Popen[bytes] | None = None

    @property
    def run(self) -> Path:
        """The folder of the present sweep."""
        return self.runs[-1]

    def keep_going(self) -> None:
        """See to it that a sweep runs: the next one if the present one is done.

        Raises:
            AssertionError: if a driver has failed.
        """
        code = None if self.process is None else self.process.poll()
        assert code in (None, 0), f"the driver of {self.run} ended with {code}"
        if self.process is None or code == 0:
            self.runs.append(self.folder / f"run-{len(self.runs)}")
            self.drive()

    def make_room(self) -> None:
        """See to it that a sweep runs that has trials left: one at its end has no victims.

        Raises:
            AssertionError: if a driver has failed.
        """
        if self.process is not None and _num(self.run, "finished") > _NUM_TRIALS - _NUM_LEFT:
            self.finish()
        self.keep_going()

    def drive(self) -> None:
        """Start a driver of the present sweep."""
        life = driver(
            self.run,
            num_trials=_NUM_TRIALS,
            pace_s=_PACE_S,
            address=self.cluster.address,
            hang_s=_HANG_S,
        )
        self.process = self.lives.enter_context(life)

    def strike(self, name: str) -> None:
        """Let a fault happen, and wait until what it struck is at work again."""
        self.make_room()
        # a trial that hangs twice is given up, and rightly so
        spared = hung_in(self.run) if name == STOP else set()
        victim = await_victim(self.run, self.cluster, self.rng, pace_s=_PACE_S, spared=spared)
        struck_s = time.time()
        back_s = FAULTS[name](self, victim)
        self.recovered_s.setdefault(name, []).append(back_s - struck_s)

    def trial_killed(self, victim: Victim) -> float:
        """Kill the process of a trial."""
        os.kill(victim.pid, signal.SIGKILL)
        return self._successor_s(victim)

    def trial_stopped(self, victim: Victim) -> float:
        """Stop the process of a trial, which then hangs."""
        os.kill(victim.pid, signal.SIGSTOP)
        return self._successor_s(victim)

    def node_killed(self, victim: Victim) -> float:
        """Kill all of a node, and let a new one join."""
        self.cluster.kill(victim.node)
        back_s = self._successor_s(victim)
        self.cluster.add_node()
        return back_s

    def node_frozen(self, victim: Victim) -> float:
        """Let a node hang for a while, and a new one join in its place."""
        frozen_s = time.time()
        self.cluster.freeze(victim.node)
        back_s = self._successor_s(victim)
        time.sleep(max(0.0, _FREEZE_S - (time.time() - frozen_s)))
        self.cluster.thaw(victim.node)
        self.cluster.add_node()
        return back_s

    def gcs_killed(self, victim: Victim) -> float:
        """Kill the process that holds the cluster together, and wait until it answers again."""
        self.cluster.kill_gcs()
        await_gcs(self.cluster)
        answered_s = time.time()
        return await_step(self.run, lambda step: step.time_s > answered_s).time_s

    def driver_killed(self, victim: Victim) -> float:
        """Kill the driver, and go on with its sweep."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        num_before = _num(self.run, "started")
        self.drive()
        while _num(self.run, "started") == num_before:
            assert self.process.poll() is None, f"{self.run} does not go on"
            time.sleep(0.05)
        resumed_s = time.time()
        return await_step(self.run, lambda step: step.time_s > resumed_s).time_s

    def finish(self) -> None:
        """Wait for the end of the present sweep.

        Raises:
            AssertionError: if its driver fails.
        """
        assert self.process is not None
        assert self.process.wait(timeout=_END_S) == 0

    def _successor_s(self, victim: Victim) -> float:
        return await_successor(self.run, victim, since_s=time.time() - 1.0).time_s


FAULTS: dict[str, Callable[[Soak, Victim], float]] = {
    "trial SIGKILL": Soak.trial_killed,
    STOP: Soak.trial_stopped,
    "node SIGKILL": Soak.node_killed,
    "node frozen 20 s": Soak.node_frozen,
    "GCS SIGKILL": Soak.gcs_killed,
    "driver SIGKILL": Soak.driver_killed,
}


@dataclass(frozen=True)
class Soaked:
    """What came of it: how soon each fault was over, each sweep, and what is left behind."""

    recovered_s: dict[str, list[float]]
    promises: list[Promises]
    faults: list[str]
    held: list[str]
    leftovers: Leftovers

    @property
    def redone_frac(self) -> float:
        """The share of steps beyond one of each, over all sweeps."""
        return sum(each.redone_frac for each in self.promises) / len(self.promises)

    @property
    def is_whole(self) -> bool:
        """Whether nothing was lost, redone too often, or left behind."""
        is_kept = all(each.are_kept for each in self.promises)
        return (
            is_kept
            and self.redone_frac <= MAX_REDONE_FRAC
            and not any((self.held, *self.leftovers))
        )


def soak(folder: Path, *, num_s: float, every_s: float, seed: int) -> Soaked:
    """Start a cluster, let faults happen to sweeps on it for so long, and stop it.

    Raises:
        AssertionError: if a driver fails.
        TimeoutError: if a trial does not come again.
    """
    undisturbed = drive(folder / "undisturbed", InProcessBackend(), num_trials=_NUM_TRIALS)
    cluster = start_cluster(nodes=3, cpus_per_node=1, name=f"soak-{os.getpid()}")
    try:
        with joined(cluster), ExitStack() as lives:
            suffered = Soak(folder, cluster, random.Random(seed), lives)
            _suffer(suffered, num_s, every_s)
            held = _what_stays(lambda: held_in(cluster))
    finally:
        cluster.stop()
    return Soaked(
        suffered.recovered_s,
        [check_promises(run, undisturbed) for run in suffered.runs],
        [fault for run in suffered.runs for fault in faults_in(run)],
        held,
        _what_stays(lambda: leftovers_of(cluster.state)),
    )


def _suffer(soak: Soak, num_s: float, every_s: float) -> None:
    start_s = time.monotonic()
    due_s = start_s + every_s / 2
    names: list[str] = []
    while time.monotonic() - start_s < num_s:
        soak.keep_going()
        if time.monotonic() >= due_s:
            names = names or soak.rng.sample(list(FAULTS), len(FAULTS))  # each as often
            name = names.pop()
            soak.strike(name)
            print(f"{name:<18} over after {soak.recovered_s[name][-1]:6.2f} s", file=sys.stderr)
            due_s = max(due_s + every_s, time.monotonic())
        time.sleep(0.1)
    soak.finish()


def _what_stays(look: Callable[[], Found]) -> Found:
    """Return what is found once nothing is, or after the time in which all should have gone."""
    deadline_s = time.monotonic() + _LEAK_S
    while any(found := look()) and time.monotonic() < deadline_s:
        time.sleep(1.0)
    return found


def hung_in(run: Path) -> set[str]:
    """Return the trials of a sweep that were taken for hung."""
    lost = [each for each in read_journal(RunPaths(run).journal) if each["event"] == "attempt_lost"]
    return {each["trial_id"] for each in lost if each["attempt"]["fault"] == FaultKind.HUNG}


def _num(run: Path, event: str) -> int:
    return sum(each["event"] == event for each in read_journal(RunPaths(run).journal))


def show(found: Soaked) -> None:
    """Print what came of it."""
    print(f"{'fault':<20}{'times':>6}{'min s':>8}{'med s':>8}{'max s':>8}")
    for name, seconds in sorted(found.recovered_s.items()):
        numbers = (min(seconds), median(seconds), max(seconds))
        print(f"{name:<20}{len(seconds):>6}" + "".join(f"{number:>8.2f}" for number in numbers))
    print(f"sweeps          {len(found.promises)}")
    print(f"promises kept   {sum(each.are_kept for each in found.promises)} of them")
    print(f"steps redone    {found.redone_frac:.1%}")
    counts = {fault: found.faults.count(fault) for fault in sorted(set(found.faults))}
    print(f"lost attempts   {counts}")
    print(f"held by nobody  {found.held}")
    print(f"left behind     {found.leftovers}")
    for each in found.promises:
        if not each.are_kept:
            print(each)


def main() -> int:
    """Print the table; return 1 if something was lost, redone too often, or left behind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--every-s", type=float, default=EVERY_S)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="Keep the run folders here.")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        found = soak(folder, num_s=60 * given.minutes, every_s=given.every_s, seed=given.seed)
    show(found)
    return 0 if found.is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
