"""Whole cohorts under policies: compute used, and how much worse what is delivered truly is.

python -m benchmarks.decision.sweeps [--bank FILE] [--tuning]
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite
from pathlib import Path
from statistics import fmean

import click
import numpy as np

from benchmarks.decision.bank import BANK, LabelledRun, read_bank
from benchmarks.decision.ray_asha import ray_asha, ray_median
from benchmarks.decision.scoring import delivered_row
from gan_models.seeds import derive_seed
from orchestrator.decision.scheduler import Scheduler
from orchestrator.simulation.cohort import AXIS_UNITS, Cohort
from orchestrator.simulation.policies import POLICIES, Rungs
from orchestrator.simulation.simulate import Simulation, simulate

COHORT_SIZE = 20
NO_HYPERPARAMETERS = ("second-wind",)  # no setting of a sweep multiplies rates by 100 midway
CONCURRENT = 4
LOG_NOISES = (0.0, 0.05, 0.10)

Make = Callable[[Rungs], Scheduler]


def _ray(reduction: int, grace_factor: float = 1.0) -> Make:
    def make(rungs: Rungs) -> Scheduler:
        grace = max(1, round(rungs.grace * grace_factor))
        return ray_asha(grace=grace, reduction=reduction, budget=AXIS_UNITS)

    return make


RIVALS: Mapping[str, Make] = {
    "full": POLICIES["full"].make,
    "ours": POLICIES["ours"].make,
    "our asha, no ties or verdicts": POLICIES["asha"].make,
    "our median": POLICIES["median"].make,
    "our hyperband": POLICIES["hyperband"].make,
    "verdicts alone": POLICIES["verdicts"].make,
    "Ray ASHA 4": _ray(4),
    "Ray ASHA 3": _ray(3),
    "Ray ASHA 2": _ray(2),
    "Ray ASHA 3, grace x 2": _ray(3, 2.0),
    "Ray ASHA 2, grace x 2": _ray(2, 2.0),
    "Ray median": lambda rungs: ray_median(grace=rungs.grace),
}


@dataclass(frozen=True)
class Outcome:
    """What a policy used of a cohort, and the true distance of what it delivered."""

    used_frac: float
    distance: float


def draw_cohort(runs: Sequence[LabelledRun], number: int) -> list[LabelledRun]:
    """Draw runs of one family in random order; ``number`` seeds the draw."""
    rng = np.random.default_rng(derive_seed(0, "cohort", number))
    families = sorted({run.family for run in runs})
    family = families[number % len(families)]
    members = [run for run in runs if run.family == family]
    chosen = rng.permutation(len(members))[:COHORT_SIZE]
    return [members[index] for index in chosen]


def play(members: Sequence[LabelledRun], make: Make, *, log_noise: float, seed: int) -> Outcome:
    """Play a cohort with noise on every measured FID, and look up what was delivered."""
    noisy = {run.run: _with_noise(run, log_noise, seed) for run in members}
    cohort = Cohort.of({name: run.evaluations for name, run in noisy.items()})
    played = simulate(cohort, "", make(Rungs.fit(cohort, 3)), concurrent=CONCURRENT)
    winner = noisy[played.winner.name]
    row = delivered_row(winner, played.num_rows[winner.run])
    return Outcome(_used_frac(played), winner.true_distance[row])


def _used_frac(played: Simulation) -> float:
    rows = sum(len(run.rows) for run in played.cohort.runs)
    return sum(played.num_rows.values()) / rows


def _with_noise(run: LabelledRun, log_noise: float, seed: int) -> LabelledRun:
    rng = np.random.default_rng(derive_seed(seed, run.run))
    rows = []
    for row, (a, b) in zip(
        run.evaluations, rng.normal(0.0, log_noise, (len(run.evaluations), 2)), strict=True
    ):
        factors = {"fid": exp((a + b) / 2), "fid_a": exp(a), "fid_b": exp(b)}
        changed = {name: getattr(row, name) * factor for name, factor in factors.items()}
        rows.append(replace(row, **{k: v for k, v in changed.items() if isfinite(v)}))
    return replace(run, evaluations=rows)


@click.command()
@click.option("--bank", default=BANK, type=click.Path(path_type=Path, exists=True))
@click.option("--tuning", is_flag=True, help="The families that rules were tuned on.")
@click.option("--cohorts", default=48, show_default=True)
def main(bank: Path, tuning: bool, cohorts: int) -> None:
    """Measure every policy on cohorts of families that the tuning never saw."""
    runs = [
        run
        for run in read_bank(bank)
        if run.for_testing is not tuning and run.scenario not in NO_HYPERPARAMETERS
    ]
    for log_noise in LOG_NOISES:
        click.echo(f"{cohorts} cohorts of up to {COHORT_SIZE} runs, FID with {log_noise:.0%} noise")
        outcomes = {
            name: [
                play(draw_cohort(runs, number), make, log_noise=log_noise, seed=number)
                for number in range(cohorts)
            ]
            for name, make in RIVALS.items()
        }
        full = outcomes["full"]
        for name, each in outcomes.items():
            used = fmean(outcome.used_frac for outcome in each)
            worse = [one.distance / best.distance - 1 for one, best in zip(each, full, strict=True)]
            click.echo(
                f"  {name:30s} used {used:6.1%}   delivered {fmean(worse):+6.1%} of the full "
                f"sweep's (p90 {np.quantile(worse, 0.9):+.1%})"
            )


if __name__ == "__main__":
    main()
