"""Bias, spread and intervals of Fréchet distances whose true value is known.

Draws reals and fakes again and again, and compares the raw and the debiased distance with the
truth. See benchmarks/README.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import click
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.metric_distributions import FAMILIES, Distribution, real_and_fake, true_distance
from gan_models.metrics.frechet import fit_gaussian
from gan_models.metrics.frechet_error import bias_of_perfect, score_frechet
from gan_models.seeds import derive_seed

Z_95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Estimates:
    """What each repetition found: the distance, without bias, its error, and the floor."""

    raw: NDArray[np.float64]
    debiased: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    floor: NDArray[np.float64]

    def covered_frac(self, truth: float) -> float:
        """Return the share of nominal 95 % intervals that hold the truth."""
        return float((np.abs(self.debiased - truth) < Z_95 * self.standard_error).mean())

    @property
    def spread_ratio(self) -> float:
        """The standard deviation of debiased distances over that of raw ones."""
        return float(self.debiased.std(ddof=1) / self.raw.std(ddof=1))

    @property
    def error_of_mean(self) -> float:
        """The standard error of the mean debiased distance, from its scatter."""
        return float(self.debiased.std(ddof=1) / len(self.debiased) ** 0.5)


def estimate(
    real: Distribution, fake: Distribution, *, num_reals: int, num_fakes: int, repetitions: int
) -> Estimates:
    """Score fresh fakes against fresh reals many times."""
    rows = []
    for repetition in range(repetitions):
        rng = np.random.default_rng(derive_seed(repetition, "draws"))
        reals, fakes = real.draw(num_reals, rng), fake.draw(num_fakes, rng)
        gaussian = fit_gaussian(reals)
        score = score_frechet(gaussian, reals, fakes)
        floor = bias_of_perfect(gaussian, reals) * (1 + num_reals / num_fakes)
        rows.append((score.value, score.debiased, score.standard_error, floor))
    return Estimates(*np.array(rows).T)


def describe_distance(found: Estimates, truth: float) -> str:
    """Give errors as percentages of the truth."""
    percent = 100 / truth
    return (
        f"truth {truth:.4f}   raw {percent * (found.raw.mean() - truth):+7.2f} %   "
        f"debiased {percent * (found.debiased.mean() - truth):+6.2f} % "
        f"± {percent * found.error_of_mean:.2f}   spread x {found.spread_ratio:.3f}   "
        f"intervals hold {100 * found.covered_frac(truth):.1f} %"
    )


def describe_perfect(found: Estimates) -> str:
    """Say what a perfect generator scores, whose true distance is 0."""
    return (
        f"raw {found.raw.mean():.5f}   floor {found.floor.mean():.5f}   "
        f"debiased {found.debiased.mean():+.5f} ± {found.error_of_mean:.5f}   "
        f"spread x {found.spread_ratio:.3f}   "
        f"intervals hold {100 * found.covered_frac(0.0):.1f} %"
    )


def cases(dims: tuple[int, ...], num_reals: int, few_reals: int) -> Iterator[tuple[int, int, bool]]:
    """Yield dimensions, number of reals, and whether the generator is perfect."""
    for dim in dims:
        yield dim, num_reals, False
    for reals, is_perfect in ((few_reals, False), (num_reals, True), (few_reals, True)):
        yield dims[0], reals, is_perfect


@click.command()
@click.option("--repetitions", default=200, show_default=True, type=click.IntRange(2))
@click.option("--fakes", default=2000, show_default=True, type=click.IntRange(2))
@click.option("--reals", default=20_000, show_default=True, help="So many that they hardly matter.")
@click.option("--few-reals", default=300, show_default=True, help="As few as users have.")
@click.option("--dim", "dims", multiple=True, type=int, default=(64, 128), show_default=True)
@click.option("--family", "families", multiple=True, type=click.Choice(list(FAMILIES)))
def main(
    *,
    repetitions: int,
    fakes: int,
    reals: int,
    few_reals: int,
    dims: tuple[int, ...],
    families: tuple[str, ...],
) -> None:
    """Compare raw and debiased distances with the truth."""
    torch.set_num_threads(1)
    for dim, num_reals, is_perfect in cases(dims, reals, few_reals):
        which = "a perfect generator" if is_perfect else "a generator at a known distance"
        click.echo(f"{which}: d = {dim}, {fakes} fakes, {num_reals} reals, {repetitions} times")
        for family in families or FAMILIES:
            real, fake = real_and_fake(family, dim)
            found = estimate(
                real,
                real if is_perfect else fake,
                num_reals=num_reals,
                num_fakes=fakes,
                repetitions=repetitions,
            )
            line = (
                describe_perfect(found)
                if is_perfect
                else describe_distance(found, true_distance(real, fake))
            )
            click.echo(f"  {family:<14} {line}")


if __name__ == "__main__":
    main()
