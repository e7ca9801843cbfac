"""What the metrics cost beside other libraries, and how exact they are (benchmarks/README.md)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click
import torch

from benchmarks.metric_concurrency import concurrency_costs
from benchmarks.metric_costs import frechet_costs, kernel_costs, vendi_costs
from benchmarks.metric_neighbours import neighbour_costs
from gan_models.threads import pinned_threads


@dataclass(frozen=True)
class Sizes:
    """Numbers of samples on each side, and of dimensions."""

    dim: int = 2048  # Inception's
    many: int = 10_000
    few: int = 1000
    kernel: int = 5000
    vendi: int = 4000
    at_once: int = 2000


QUICK = Sizes(dim=16, many=100, few=12, kernel=50, vendi=40, at_once=80)

PARTS: dict[str, Callable[[Sizes, int], Iterator[str]]] = {
    "frechet": lambda sizes, repeats: frechet_costs(sizes.many, sizes.many, sizes.dim, repeats),
    "frechet-few": lambda sizes, repeats: frechet_costs(sizes.many, sizes.few, sizes.dim, repeats),
    "kernel": lambda sizes, repeats: kernel_costs(sizes.kernel, sizes.dim, repeats),
    "vendi": lambda sizes, repeats: vendi_costs(sizes.vendi, sizes.dim, repeats),
    "neighbours": lambda sizes, _: neighbour_costs(sizes.many, sizes.dim),
    "at-once": lambda sizes, repeats: concurrency_costs(sizes.at_once, sizes.dim, repeats),
}


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(list(PARTS)), help="Only these.")
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1))
@click.option("--quick", is_flag=True, help="Tiny sizes: does it run?")
def main(*, parts: tuple[str, ...], repeats: int, quick: bool) -> None:
    """Compare our metrics with other libraries, in CPU seconds of one thread."""
    click.echo(f"torch {torch.__version__}, {repeats} turns")
    with pinned_threads(1):
        for part in parts or PARTS:
            for line in PARTS[part](QUICK if quick else Sizes(), repeats):
                click.echo(line)


if __name__ == "__main__":
    main()
