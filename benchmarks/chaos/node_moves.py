"""Loses nodes under a running sweep: how soon are their trials at work elsewhere?

``python -m benchmarks.chaos.node_moves --rounds 10`` takes about 12 minutes on two cores. In each
round a node is killed, as a machine that loses power, and another one frozen, as one that hangs; a
frozen one wakes up again once its trial has gone on elsewhere, and is held to touch nothing.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.chaos.paced_sweep import drive, driver
from benchmarks.chaos.paced_trial import executed_steps
from benchmarks.chaos.promises import Promises, check_promises
from benchmarks.chaos.victims import Victim, await_successor, await_victim, node_of
from cluster.environment import environment
from cluster.multinode import LocalCluster, local_cluster
from cluster.token import MODE, TOKEN_PATH
from orchestrator.backends.inprocess import InProcessBackend
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths

PACE_S = 0.4
_TRIALS_A_LOSS = 6
_DEADLINE_S = 900.0
_AWAKE_S = 4.0  # longer than Ray lets the workers of a node live that it took for dead


@dataclass(frozen=True)
class Move:
    """One lost node: when that was noticed, and when its trial took its next step elsewhere.

    ``steps_awake`` is how many steps the lost worker was heard to take after that.
    """

    way: str
    detected_s: float
    moved_s: float
    is_elsewhere: bool
    steps_awake: int


@dataclass(frozen=True)
class Moves:
    """What became of a sweep that lost nodes: each loss, the classes of its faults, the rest."""

    moves: list[Move]
    faults: list[str]
    promises: Promises


def lose_nodes(folder: Path, cluster: LocalCluster, ways: list[str], *, seed: int) -> Moves:
    """Run a sweep, lose a node under it in each of these ways, and wait for its end.

    Args:
        folder: for the sweep, and for one that nobody disturbs.
        cluster: with a node to spare; each loss but the last is made good.
        ways: ``kill`` or ``freeze``.
        seed: of whom it strikes.

    Raises:
        AssertionError: if the driver fails.
        TimeoutError: if the sweep ends before all losses, or a trial does not come again.
    """
    rng, num_trials, run = random.Random(seed), max(6, _TRIALS_A_LOSS * len(ways)), folder / "run"
    undisturbed = drive(folder / "undisturbed", InProcessBackend(), num_trials=num_trials)
    moves = []
    with (
        joined(cluster),
        driver(run, num_trials=num_trials, pace_s=PACE_S, address=cluster.address) as process,
    ):
        for number, way in enumerate(ways):
            moves.append(_lose(run, cluster, way, rng))
            if number < len(ways) - 1:
                cluster.add_node()
        assert process.wait(timeout=_DEADLINE_S) == 0
    return Moves(moves, faults_in(run), check_promises(run, undisturbed))


@contextmanager
def joined(cluster: LocalCluster) -> Iterator[None]:
    """Let processes that begin within join a cluster."""
    with environment({TOKEN_PATH: str(cluster.token_file), MODE: "token"}):
        yield


def await_gcs(cluster: LocalCluster, timeout_s: float = 60.0) -> None:
    """Return when the head answers, as after it was killed.

    Raises:
        TimeoutError: if it does not in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        with suppress(Exception):  # whatever Ray raises while its head is away
            cluster.live_nodes()
            return
        time.sleep(0.05)
    raise TimeoutError(f"the head did not answer for {timeout_s:.0f} s")


def faults_in(run: Path) -> list[str]:
    """Return the class of each attempt that a sweep has lost."""
    events = read_journal(RunPaths(run).journal)
    return [each["attempt"]["fault"] for each in events if each["event"] == "attempt_lost"]


def _lose(run: Path, cluster: LocalCluster, way: str, rng: random.Random) -> Move:
    ways: dict[str, Callable[[str], None]] = {"kill": cluster.kill, "freeze": cluster.freeze}
    victim = await_victim(run, cluster, rng, pace_s=PACE_S)
    lost_s = time.time()
    ways[way](victim.node)
    cluster.wait_until_dead(victim.node)
    detected_s = time.time() - lost_s
    step = await_successor(run, victim, since_s=lost_s)
    now_on = node_of(run, cluster, victim.trial)
    return Move(
        way=way,
        detected_s=detected_s,
        moved_s=step.time_s - lost_s,
        is_elsewhere=now_on != victim.node,
        steps_awake=_wake(run, cluster, victim) if way == "freeze" else 0,
    )


def _wake(run: Path, cluster: LocalCluster, victim: Victim) -> int:
    """Let a frozen node go on for a while; return how many steps its worker still takes."""
    woken_s = time.time()
    cluster.thaw(victim.node)
    time.sleep(_AWAKE_S)
    cluster.kill(victim.node)
    return sum(step.pid == victim.pid and step.time_s > woken_s for step in executed_steps(run))


def show(way: str, moves: list[Move]) -> None:
    """Print the rows of one way to lose a node."""
    figures = {
        "noticed": [move.detected_s for move in moves],
        "at work elsewhere": [move.moved_s for move in moves],
    }
    for what, seconds in figures.items():
        numbers = (min(seconds), median(seconds), max(seconds))
        row = "".join(f"{number:>8.2f}" for number in numbers)
        print(f"{way:<8}{what:<20}{len(seconds):>6}{row}")


def main() -> None:
    """Print how soon trials were at work again, and whether all promises are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    ways = given.rounds * ["kill", "freeze"]
    with tempfile.TemporaryDirectory() as folder, local_cluster(nodes=3, cpus_per_node=1) as three:
        found = lose_nodes(Path(folder), three, ways, seed=given.seed)
    print(f"{'':<28}{'rounds':>6}{'min s':>8}{'med s':>8}{'max s':>8}")
    for way in ("kill", "freeze"):
        show(way, [move for move in found.moves if move.way == way])
    print(f"steps of woken workers   {sum(move.steps_awake for move in found.moves)}")
    print(f"classes of faults        {sorted(set(found.faults))}")
    print(f"steps redone             {found.promises.redone_frac:.1%}")
    print(found.promises)


if __name__ == "__main__":
    main()
