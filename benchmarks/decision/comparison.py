"""Prints what contenders used and lost at every setting, and what rivals lose at our compute."""

from collections.abc import Callable, Mapping, Sequence

import click
import numpy as np

from benchmarks.decision.front import Difference, Point, compare

FULL, OURS = "full budget", "ours"

Contenders = Mapping[str, Sequence[Point]]
Show = Callable[[float], str]


def percent(regret: float) -> str:
    """Write a regret that is a share of what the full sweep delivers."""
    return f"{regret:+.1%}"


def normalised(regret: float) -> str:
    """Write a regret in units of what there was to win."""
    return f"{regret:.4f}"


def print_points(contenders: Contenders, show: Show) -> None:
    """Print a line for each setting of each contender, the cheapest first."""
    click.echo(f"  {'':44s}{'used':>8s}{'regret':>10s}{'p90':>10s}")
    for name, points in contenders.items():
        for point in sorted(points, key=lambda each: each.used_frac):
            label = f"{name}, {point.setting}" if point.setting else name
            worst = float(np.quantile(point.regrets, 0.9))
            click.echo(
                f"  {label:44s}{point.used_frac:8.1%}{show(point.regret):>10s}{show(worst):>10s}"
            )


def print_comparison(contenders: Contenders, default: Point, show: Show) -> None:
    """Print each rival's regret at the compute of our default, or where it is cheapest."""
    click.echo(f"  ours by default: used {default.used_frac:.1%}, regret {show(default.regret)}")
    click.echo(
        f"  {'at equal compute':32s}{'used':>8s}{'rival':>10s}{'ours':>10s}"
        f"{'difference':>12s}{'(error)':>10s}{'ours is less by':>17s}"
    )
    for name, points in contenders.items():
        if name in (OURS, FULL):
            continue
        each = compare(default, contenders[OURS], [*points, *contenders[FULL]])
        click.echo(
            f"  {name:32s}{each.used_frac:8.1%}{show(each.rival):>10s}{show(each.ours):>10s}"
            f"{show(each.rival - each.ours):>12s}{f'({show(each.error)})':>10s}"
            f"{_share(each):>17s}"
        )


def _share(difference: Difference) -> str:
    """Write by which share ours is less; nothing where both are within noise of none."""
    is_telling = difference.rival > difference.error and difference.ours >= 0
    return f"{difference.less_frac:.0%}" if is_telling else "-"
