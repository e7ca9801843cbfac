"""Compute against regret, for single runs and for whole sweeps: every contender over its knob.

python -m benchmarks.decision.pareto [--bank FILE] [--tuning] --out FILE.svg
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.decision.bank import BANK, read_bank
from benchmarks.decision.comparison import (
    FULL,
    OURS,
    normalised,
    percent,
    print_comparison,
    print_points,
)
from benchmarks.decision.front import Point
from benchmarks.decision.pareto_chart import Panel, pareto_chart
from benchmarks.decision.stop_contenders import OUR_SETTING, measure_stops
from benchmarks.decision.sweeps import measure, our_point, sweep_runs
from gan_models.files import write_text

LOG_NOISE = 0.05
STOPS_CEILING, SWEEPS_CEILING = 0.3, 0.4
DRAWN = (
    FULL,
    OURS,
    "Ray ASHA",
    "Ray median",
    "Optuna halving",
    "Optuna median",
    "Optuna Wilcoxon",
    "Optuna patient median",
)
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Compute against regret</title>
<style>body {{ margin: 24px; }} svg {{ max-width: 100%; height: auto; }}</style></head>
<body>{svg}</body></html>
"""

Contenders = Mapping[str, Sequence[Point]]


def stops_panel(stops: Contenders, default: Point, families: str) -> Panel:
    """Return the panel of single runs."""
    return Panel(
        title=f"Stopping a single run ({families})",
        y_label=f"mean regret of {len(default.regrets)} viable runs, as a share of what there was "
        "to win (log scale)",
        contenders=stops,
        default=default,
        is_log=True,
        ceiling=STOPS_CEILING,
    )


def sweeps_panel(sweeps: Contenders, families: str) -> Panel:
    """Return the panel of whole sweeps."""
    default = our_point(sweeps)
    return Panel(
        title=f"Whole sweeps, {100 * LOG_NOISE:g} % noise on FID ({families})",
        y_label="how much worse the delivered model is than the full sweep's, mean of "
        f"{len(default.regrets)} cohorts",
        contenders={name: sweeps[name] for name in DRAWN},
        default=default,
        is_log=False,
        ceiling=SWEEPS_CEILING,
    )


def write_chart(out: Path, svg: str) -> None:
    """Write the picture by itself, or on a page."""
    write_text(out, _PAGE.format(svg=svg) if out.suffix == ".html" else svg)


def _check_suffix(context: click.Context, option: click.Parameter, out: Path) -> Path:
    if out.suffix not in (".svg", ".html"):
        raise click.BadParameter(f"{out}: the name must end in .svg or .html")
    return out


@click.command()
@click.option("--bank", default=BANK, type=click.Path(path_type=Path, exists=True))
@click.option("--tuning", is_flag=True, help="The families that rules were tuned on.")
@click.option("--cohorts", default=48, show_default=True, type=click.IntRange(2))
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_check_suffix,
    help="Picture to write, .svg or .html.",
)
def main(bank: Path, tuning: bool, cohorts: int, out: Path) -> None:
    """Measure every setting of every contender, print the table and draw the fronts."""
    runs = [run for run in read_bank(bank) if run.for_testing is not tuning]
    click.echo(f"stopping {len(runs)} runs")
    stops = measure_stops(runs)
    default = next(point for point in stops[OURS] if point.setting == OUR_SETTING)
    print_points(stops, normalised)
    print_comparison(stops, default, normalised)
    click.echo(f"{cohorts} cohorts, FID with {LOG_NOISE:.0%} noise")
    cohort_runs = sweep_runs(bank, for_testing=not tuning)
    sweeps = measure(cohort_runs, num_cohorts=cohorts, log_noise=LOG_NOISE)
    print_points(sweeps, percent)
    print_comparison(sweeps, our_point(sweeps), percent)
    families = "families for tuning" if tuning else "families for testing"
    panels = [stops_panel(stops, default, families), sweeps_panel(sweeps, families)]
    write_chart(out, pareto_chart(panels))
    click.echo(f"drawn: {out}")


if __name__ == "__main__":
    main()
