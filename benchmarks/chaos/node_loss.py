"""How long until a lost node is noticed, by the health settings that we ship.

A head and two nodes of one CPU on this machine. In each round one more node joins, and is then
killed (SIGKILL to all of it, as a machine that loses power) or frozen (SIGSTOP, as one that
hangs); the time is from the signal until the head takes it for dead.
"""

from collections.abc import Callable
from statistics import median
from time import monotonic

import click

from cluster.multinode import LocalCluster, local_cluster


def measure(cluster: LocalCluster, lose: Callable[[str], None]) -> float:
    """Return after how many seconds the loss of a new node was noticed."""
    node = cluster.add_node()
    before = monotonic()
    lose(node.name)
    cluster.wait_until_dead(node.name)
    noticed_s = monotonic() - before
    cluster.kill(node.name)  # what was only frozen
    return noticed_s


def show(what: str, seconds: list[float]) -> None:
    """Print a row."""
    ordered = sorted(seconds)
    numbers = (ordered[0], median(ordered), ordered[-1])
    click.echo(f"{what:<8}{len(seconds):>6}" + "".join(f"{number:>8.2f}" for number in numbers))


@click.command()
@click.option("--rounds", type=click.IntRange(min=1), default=20, show_default=True)
def main(rounds: int) -> None:
    """Lose nodes in both ways, and print how soon it was noticed."""
    with local_cluster(nodes=2, cpus_per_node=1) as cluster:
        ways = {"killed": cluster.kill, "frozen": cluster.freeze}
        noticed = {
            way: [measure(cluster, lose) for _ in range(rounds)] for way, lose in ways.items()
        }
    click.echo(f"{'':<8}{'rounds':>6}{'min s':>8}{'med s':>8}{'max s':>8}")
    for way, seconds in noticed.items():
        show(way, seconds)


if __name__ == "__main__":
    main()
