"""How often a search that stops when it has settled stops too early, and what it saves.

Scores of trials are made up, so that the truth is known: what the whole plan would have found.
Each is seen through the noise of the metric, as a sweep sees it. See benchmarks/README.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, inf, log1p
from statistics import fmean

import click
import numpy as np

from orchestrator.decision.expected_gain import MIN_FINISHED, prospect
from orchestrator.records import Evaluation
from orchestrator.sampling.outcome import Outcome
from orchestrator.sampling.sampler import ParameterSampler
from search_spaces.domains import Float
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

Scores = list[float]
Family = Callable[[np.random.Generator, int, float], Scores]


def bell(spread: float) -> Family:
    """Return scores that are normal in ln(FID)."""
    return lambda rng, num, noise: [float(x) for x in rng.normal(2.0, spread, num)]


def bounded(rng: np.random.Generator, num: int, noise: float) -> Scores:
    """Return FIDs that come near a floor of 3 but never below."""
    return [float(x) for x in np.log(3 + rng.gamma(2, 3, num))]


def needle(rng: np.random.Generator, num: int, noise: float) -> Scores:
    """Return scores of which a rare few, 3 %, are 40 % better than all others."""
    return [float(x) for x in rng.normal(2.0, 0.15, num) - 0.5 * (rng.random(num) < 0.03)]


def failing(rng: np.random.Generator, num: int, noise: float) -> Scores:
    """Return scores of which 40 % are failures."""
    return [float(x) for x in np.where(rng.random(num) < 0.4, inf, rng.normal(2.0, 0.4, num))]


def learnt(num_params: int) -> Family:
    """Return what the sampler of a sweep (TPE) finds in a bowl of so many parameters."""

    def search(rng: np.random.Generator, num: int, noise: float) -> Scores:
        names = [f"x{number}" for number in range(num_params)]
        space = SearchSpace("bowl", tuple(Parameter(name, Float(-1, 1)) for name in names))
        best = rng.uniform(-0.8, 0.8, num_params)
        sampler = ParameterSampler(space, "tpe", int(rng.integers(2**31)))
        scores: Scores = []
        for index in range(num):
            params = sampler.propose(index)
            place = np.array([float(params[name]) for name in names])
            scores.append(1.0 + 2.0 * float(((place - best) ** 2).sum()))
            seen = scores[-1] + noise * float(rng.normal())
            sampler.tell(index, Outcome(values=(seen,)))
        return scores

    return search


FAMILIES: dict[str, Family] = {
    "bell, sd 0.1": bell(0.1),
    "bell, sd 0.4": bell(0.4),
    "bell, sd 0.9": bell(0.9),
    "bounded below": bounded,
    "needles": needle,
    "failures": failing,
    "tpe, 4 parameters": learnt(4),
    "tpe, 8 parameters": learnt(8),
}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """Where one search ended: trials that were saved, and how much better the plan's best is."""

    saved_frac: float
    loss: float


def run_search(scores: Scores, noise: float, rng: np.random.Generator) -> Ending:
    """Let a search of these true scores end where it has settled."""
    num = len(scores)
    seen = [score + noise * float(rng.normal()) for score in scores]
    halves = [exp(sign * noise) for sign in (0.6745, -0.6745)]  # of which the median error is right
    rows = [
        Evaluation(run="best", step=step, fid=1.0, fid_a=halves[0], fid_b=halves[1])
        for step in range(5)
    ]
    end = next(
        (
            count
            for count in range(MIN_FINISHED, num)
            if prospect(seen[:count], rows, num_left=num - count).is_settled
        ),
        num,
    )
    return Ending(saved_frac=1 - end / num, loss=min(scores[:end]) - min(scores))


@click.command()
@click.option("--trials", default=60, show_default=True, type=click.IntRange(MIN_FINISHED + 1))
@click.option("--noise", default=0.02, show_default=True, help="Standard deviation of ln(FID).")
@click.option("--searches", default=200, show_default=True, type=click.IntRange(1))
def main(trials: int, noise: float, searches: int) -> None:
    """Simulate searches of several families that stop when they have settled."""
    error = max(noise, log1p(0.013))
    click.echo(f"{trials} trials planned, noise {noise:g}, {searches} searches a family")
    click.echo(f"{'family':<20}{'stopped':>9}{'saved':>8}{'mean loss':>11}{'loss > error':>14}")
    for name, family in FAMILIES.items():
        endings = []
        for seed in range(searches):
            rng = np.random.default_rng([seed, trials])
            endings.append(run_search(family(rng, trials, noise), noise, rng))
        stopped = fmean(each.saved_frac > 0 for each in endings)
        saved = fmean(each.saved_frac for each in endings)
        loss = fmean(each.loss for each in endings)
        too_early = fmean(each.loss > error for each in endings)
        click.echo(f"{name:<20}{stopped:>9.0%}{saved:>8.1%}{loss:>11.2%}{too_early:>14.1%}")


if __name__ == "__main__":
    main()
