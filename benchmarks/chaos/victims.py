"""Whom a fault strikes: a trial that is at work, its process, and the node that it is on."""

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.paced_sweep import NUM_STEPS
from benchmarks.chaos.paced_trial import Step, executed_steps
from cluster.multinode import LocalCluster
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths

_PAUSE_S = 0.02


@dataclass(frozen=True)
class Victim:
    """A trial that took a step a moment ago, and has some left."""

    trial: str
    step: int
    pid: int
    node: str


def await_victim(
    run: Path,
    cluster: LocalCluster,
    rng: random.Random,
    *,
    pace_s: float,
    spared: Collection[str] = (),
    timeout_s: float = 60.0,
) -> Victim:
    """Return a trial at work in a sweep, as soon as there is one that is not spared.

    Raises:
        TimeoutError: if there is none in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        found = [step for step in _at_work(run, pace_s) if step.trial not in spared]
        if found:
            step = rng.choice(found)
            return Victim(step.trial, step.step, step.pid, node_of(run, cluster, step.trial))
        time.sleep(_PAUSE_S)
    raise TimeoutError(f"no trial at work in {run} for {timeout_s:.0f} s")


def node_of(run: Path, cluster: LocalCluster, trial: str) -> str:
    """Return the name of the node on which the latest attempt at a trial began."""
    hosts = [
        event["host"]
        for event in read_journal(RunPaths(run).journal)
        if event["event"] == "started" and event["trial_id"] == trial
    ]
    (name,) = (node.name for node in cluster.nodes if node.address == hosts[-1])
    return name


def await_step(run: Path, matches: Callable[[Step], bool], *, timeout_s: float = 60.0) -> Step:
    """Return the first step that a process of a sweep has taken and that is meant.

    Raises:
        TimeoutError: if there is none in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        found = [step for step in executed_steps(run) if matches(step)]
        if found:
            return min(found, key=lambda step: step.time_s)
        time.sleep(_PAUSE_S)
    raise TimeoutError(f"no such step in {run} for {timeout_s:.0f} s")


def await_successor(run: Path, victim: Victim, *, since_s: float, timeout_s: float = 60.0) -> Step:
    """Return the first step of a victim's trial that another process took since.

    Raises:
        TimeoutError: if there is none in time.
    """
    return await_step(
        run,
        lambda step: (
            step.trial == victim.trial and step.pid != victim.pid and step.time_s > since_s
        ),
        timeout_s=timeout_s,
    )


def _at_work(run: Path, pace_s: float) -> list[Step]:
    """Return the latest step of each trial that will take another one at once, and more after."""
    latest = {step.trial: step for step in executed_steps(run)}
    now_s = time.time()
    return [
        step
        for step in latest.values()
        if now_s - step.time_s < pace_s / 2 and 0 < step.step < NUM_STEPS - 2
    ]
