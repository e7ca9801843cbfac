"""Whole cohorts under policies: compute used, and how much worse what is delivered truly is.

python -m benchmarks.decision.sweeps [--bank FILE] [--tuning] [--settings]
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import click

from benchmarks.decision.bank import BANK, LabelledRun, read_bank
from benchmarks.decision.cohort_contenders import OUR_SETTING, POLICIES, Make
from benchmarks.decision.cohorts import COHORT_SIZE, NoisyCohort, draw_cohort
from benchmarks.decision.comparison import (
    FULL,
    OURS,
    percent,
    print_comparison,
    print_points,
)
from benchmarks.decision.front import Point

# The trials of a sweep keep their rates to the end; in these that is what makes the run.
NO_HYPERPARAMETERS = ("second-wind", "settled", "annealed", "converging")
LOG_NOISES = (0.0, 0.05, 0.10)


def sweep_runs(bank: Path, *, for_testing: bool) -> list[LabelledRun]:
    """Return the runs of one side of the bank that trials of a sweep could be."""
    return [
        run
        for run in read_bank(bank)
        if run.for_testing is for_testing and run.scenario not in NO_HYPERPARAMETERS
    ]


def measure(
    runs: Sequence[LabelledRun],
    *,
    num_cohorts: int,
    log_noise: float,
    policies: Mapping[str, Mapping[str, Make]] = POLICIES,
) -> dict[str, list[Point]]:
    """Play the same cohorts under every setting of every policy.

    The regret of a cohort is by how much the true distance of what was delivered lies above that
    of what the full sweep delivers, as a share of the latter.
    """
    cohorts = [
        NoisyCohort.of(draw_cohort(runs, number), log_noise=log_noise, seed=number)
        for number in range(num_cohorts)
    ]
    best = [cohort.play(POLICIES[FULL][""](cohort)).distance for cohort in cohorts]
    return {
        name: [_point(setting, make, cohorts, best) for setting, make in settings.items()]
        for name, settings in policies.items()
    }


def our_point(points: Mapping[str, Sequence[Point]]) -> Point:
    """Return what a sweep does by default."""
    return next(point for point in points[OURS] if point.setting == OUR_SETTING)


def _point(
    setting: str, make: Make, cohorts: Sequence[NoisyCohort], best: Sequence[float]
) -> Point:
    outcomes = [cohort.play(make(cohort)) for cohort in cohorts]
    used = fmean(outcome.used_frac for outcome in outcomes)
    worse = [outcome.distance / least - 1 for outcome, least in zip(outcomes, best, strict=True)]
    return Point(setting, used, worse)


@click.command()
@click.option("--bank", default=BANK, type=click.Path(path_type=Path, exists=True))
@click.option("--tuning", is_flag=True, help="The families that rules were tuned on.")
@click.option("--settings", is_flag=True, help="Print every setting of every policy, too.")
@click.option("--cohorts", default=48, show_default=True, type=click.IntRange(2))
def main(bank: Path, tuning: bool, settings: bool, cohorts: int) -> None:
    """Measure every policy on cohorts of families that the tuning never saw."""
    runs = sweep_runs(bank, for_testing=not tuning)
    for log_noise in LOG_NOISES:
        click.echo(f"{cohorts} cohorts of up to {COHORT_SIZE} runs, FID with {log_noise:.0%} noise")
        points = measure(runs, num_cohorts=cohorts, log_noise=log_noise)
        if settings:
            print_points(points, percent)
        print_comparison(points, our_point(points), percent)


if __name__ == "__main__":
    main()
