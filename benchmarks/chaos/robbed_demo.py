"""The demo on a cluster of three nodes, robbed of one node and then of its driver.

``python -m benchmarks.chaos.robbed_demo`` carries it out twice, undisturbed and robbed, and
compares what comes of both: winner, certificate, and every row of every trial. With one trial at a
time what is proposed depends on nothing but the results so far: both must agree to the last digit.
``--trials 6 --kimg 24`` takes minutes instead of half an hour.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chaos.node_moves import faults_in, joined
from benchmarks.chaos.tiny_sweep import result_of
from benchmarks.chaos.victims import node_of
from cluster.multinode import LocalCluster, local_cluster
from orchestrator.journal import Event, read_journal
from orchestrator.paths import RunPaths

SPEC = Path(__file__).parents[2] / "examples" / "demo.yaml"
_PAUSE_S = 0.02
_DEADLINE_S = 7200.0


@dataclass(frozen=True)
class Demo:
    """What came of one sweep."""

    result: dict[str, Any]
    faults: list[str]

    @property
    def winner(self) -> str:
        """Who won, in words."""
        selection = self.result["selection"]
        return f"{selection['trial_id']} at {selection['snapshot_nimg'] / 1000:g} kimg"


def run_words(spec: Path, options: Sequence[str] = ()) -> list[str]:
    """Return the words of ``ganorch run`` for a spec, one trial at a time."""
    return ["run", str(spec), "--set", "resources.concurrent=1", *options]


def leave_alone(run: Path, cluster: LocalCluster, words: Sequence[str]) -> Demo:
    """Carry out a sweep that nobody disturbs.

    Args:
        run: its folder.
        cluster: to run on.
        words: as of :func:`run_words`.

    Raises:
        AssertionError: if a command fails.
    """
    with joined(cluster), command([*words, "--out", str(run), *_on(cluster)]) as process:
        assert process.wait(timeout=_DEADLINE_S) == 0
    return demo_in(run)


def rob(run: Path, cluster: LocalCluster, words: Sequence[str]) -> Demo:
    """Carry out a sweep, kill the node that runs its second trial, then its driver, and resume.

    Args:
        run: its folder.
        cluster: to run on, with a node to lose.
        words: as of :func:`run_words`.

    Raises:
        AssertionError: if a command fails, or ends too early to be robbed.
    """
    with joined(cluster):
        with command([*words, "--out", str(run), *_on(cluster)]) as process:
            trial = _await(run, process, second_trial_trains)[-1]["trial_id"]
            cluster.kill(node_of(run, cluster, trial))
            _await(run, process, has_moved)
            process.kill()
        with command(["resume", str(run), *_on(cluster)]) as process:
            assert process.wait(timeout=_DEADLINE_S) == 0
    return demo_in(run)


def demo_in(run: Path) -> Demo:
    """Return what came of the sweep in a run folder."""
    return Demo(result_of(RunPaths(run)), faults_in(run))


def differences(one: Demo, other: Demo) -> list[str]:
    """Return what is not the same of both."""
    return [name for name in one.result if one.result[name] != other.result[name]]


@contextmanager
def command(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``ganorch`` in a process of its own, which does not outlive the block."""
    with subprocess.Popen([sys.executable, "-m", "orchestrator", *words], stdout=2) as process:
        try:
            yield process
        finally:
            process.kill()


def second_trial_trains(events: list[Event]) -> bool:
    """Say whether some trial but the first has just got somewhere."""
    last = events[-1]
    return last["event"] == "evaluated" and last["evaluation"]["step"] >= 1 and _index(events) >= 1


def has_moved(events: list[Event]) -> bool:
    """Say whether the trial that was lost has got somewhere since."""
    names = [event["event"] for event in events]
    return "attempt_lost" in names and "evaluated" in names[names.index("attempt_lost") :]


def _on(cluster: LocalCluster) -> list[str]:
    return ["--address", cluster.address, "--quiet"]


def _index(events: list[Event]) -> int:
    """Return the how manieth trial the last event is about."""
    proposed = [event["trial_id"] for event in events if event["event"] == "proposed"]
    return proposed.index(events[-1]["trial_id"])


def _await(
    run: Path, process: subprocess.Popen[bytes], has_come: Callable[[list[Event]], bool]
) -> list[Event]:
    while True:
        events = read_journal(RunPaths(run).journal)
        if events and has_come(events):
            return events
        assert process.poll() is None, "the sweep ended before it could be robbed"
        time.sleep(_PAUSE_S)


def main() -> int:
    """Print both winners; return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--kimg", type=float)
    given = parser.parse_args()
    options = ["--set", f"search.trials={given.trials}"] if given.trials else []
    options += ["--set", f"budget.kimg_per_trial={given.kimg}"] if given.kimg else []
    words = run_words(SPEC, options)
    with tempfile.TemporaryDirectory() as folder, local_cluster(nodes=3, cpus_per_node=1) as three:
        undisturbed = leave_alone(Path(folder) / "undisturbed", three, words)
        robbed = rob(Path(folder) / "robbed", three, words)
    for name, demo in (("undisturbed", undisturbed), ("robbed", robbed)):
        certified = demo.result["metrics"]["certificate"]["fid"]
        print(f"{name:<12} winner {demo.winner}, certificate {certified}, lost {demo.faults}")
    found = differences(undisturbed, robbed)
    print(
        f"compared     {len(robbed.result['rows'])} rows of {len(robbed.result['trials'])} trials"
    )
    print(f"differences  {', '.join(found) or 'none'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
