"""Is a node that is only busy ever taken for dead, by the health settings that we ship?

``python -m benchmarks.chaos.false_deaths --minutes 30`` starts a head and two nodes on this
machine, keeps every CPU busy several times over, and counts the nodes that were given up.
``--busy-per-cpu 0`` leaves the load to others.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from time import monotonic, sleep

import click

from cluster.multinode import local_cluster

_LOOK_EVERY_S = 1.0


def burn() -> None:
    """Compute for ever."""
    while True:
        sum(range(1_000_000))


@contextmanager
def busy(num_processes: int) -> Iterator[None]:
    """Let so many processes compute within."""
    burners = [multiprocessing.Process(target=burn, daemon=True) for _ in range(num_processes)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.join()


def watch(minutes: float, num_processes: int) -> tuple[set[str], list[float]]:
    """Return which nodes were given up within so many minutes, and the load of each second."""
    with local_cluster(nodes=3, cpus_per_node=1) as cluster, busy(num_processes):
        dead: set[str] = set()
        loads: list[float] = []
        end_s = monotonic() + 60 * minutes
        while monotonic() < end_s:
            sleep(_LOOK_EVERY_S)
            loads.append(os.getloadavg()[0])
            dead |= {node.name for node in cluster.nodes} - cluster.live_nodes()
        return dead, loads


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0), default=30.0, show_default=True)
@click.option("--busy-per-cpu", type=click.IntRange(min=0), default=4, show_default=True)
def main(minutes: float, busy_per_cpu: int) -> None:
    """Keep all CPUs busy, and print how many nodes were taken for dead."""
    num_processes = busy_per_cpu * len(os.sched_getaffinity(0))
    dead, loads = watch(minutes, num_processes)
    click.echo(f"{num_processes} busy processes, {minutes:g} minutes: {len(dead)} nodes given up")
    click.echo(f"load: {median(loads):.1f} (median), {min(loads):.1f} to {max(loads):.1f}")


if __name__ == "__main__":
    main()
