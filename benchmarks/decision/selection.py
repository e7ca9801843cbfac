"""What choosing costs: the re-test by halving against the lowest of all noisy scores.

Sweeps whose truth is known are made up: every trial falls to a floor of its own and wobbles there,
every evaluation is the truth times noise. See benchmarks/README.md.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import exp, log, sqrt
from statistics import fmean

import click
import numpy as np
from numpy.typing import NDArray

from gan_models.seeds import derive_seed
from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.configurations import Configuration, choose_configuration
from orchestrator.decision.halving import plan_rounds, survivors
from orchestrator.decision.selection import choose_winner

NUM_TRIALS, NUM_EVALUATIONS, NUM_FINALISTS = 18, 33, 3  # as in the demo
TRIAL_SD, WOBBLE_SD, WOBBLE_MEMORY = 0.15, 0.05, 0.5  # of ln(FID); wobble from one to the next
NOISES = (0.015, 0.025, 0.05, 0.1, 0.2)  # sd of a score's ln(FID); 0.025 is the demo's

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Sweep:
    """``truth`` is ln(FID), trials x evaluations; ``rng`` draws every score."""

    truth: Values
    noise: float
    rng: np.random.Generator

    def score(self, places: Sequence[tuple[int, int]], num_draws: int = 1) -> Values:
        """Return ln(FID) as measured, places x draws."""
        truth = np.array([self.truth[place] for place in places])
        return truth[:, None] + self.noise * self.rng.standard_normal((len(places), num_draws))

    def regret(self, place: tuple[int, int]) -> float:
        """Return by what share the FID of a checkpoint is above the best checkpoint's."""
        return exp(self.truth[place] - self.truth.min()) - 1


@dataclass(frozen=True)
class Pick:
    """A chosen checkpoint, and the ln(FID) by which it was chosen."""

    place: tuple[int, int]
    log_fid: float


def make_sweep(seed: int, noise: float) -> Sweep:
    """Make up the truth of a sweep."""
    rng = np.random.default_rng(derive_seed(seed, "sweep"))
    floors = log(4.0) + TRIAL_SD * rng.standard_normal((NUM_TRIALS, 1))
    falls = 2.0 * np.exp(-np.arange(NUM_EVALUATIONS) / rng.uniform(3, 8, (NUM_TRIALS, 1)))
    return Sweep(floors + falls + _wobble(rng), noise, rng)


def _wobble(rng: np.random.Generator) -> Values:
    steps = rng.standard_normal((NUM_TRIALS, NUM_EVALUATIONS))
    for index in range(1, NUM_EVALUATIONS):
        kept, fresh = WOBBLE_MEMORY, sqrt(1 - WOBBLE_MEMORY**2)
        steps[:, index] = kept * steps[:, index - 1] + fresh * steps[:, index]
    return WOBBLE_SD * steps


def everywhere() -> list[tuple[int, int]]:
    """Return every checkpoint."""
    return [(t, e) for t in range(NUM_TRIALS) for e in range(NUM_EVALUATIONS)]


def argmin(sweep: Sweep, more_evaluations: int = 0) -> Pick:
    """Take the lowest score of all, each of as many more samples as the re-test would have cost."""
    share = 1 + more_evaluations / (NUM_TRIALS * NUM_EVALUATIONS)
    scores = Sweep(sweep.truth, sweep.noise / sqrt(share), sweep.rng).score(everywhere())[:, 0]
    best = int(scores.argmin())
    return Pick(everywhere()[best], float(scores[best]))


def retested(sweep: Sweep, *, num_kept: int, num_draws: int, is_halved: bool = True) -> Pick:
    """Re-test the best snapshots of the best trials, and take the winner by our rule."""
    scores = sweep.score(everywhere()).reshape(NUM_TRIALS, NUM_EVALUATIONS)
    pool: list[CandidateScores] = []
    for trial in _finalists(scores):
        ring = [(trial, int(place)) for place in np.argsort(scores[trial])[:num_kept]]
        pool += _halve(sweep, ring, num_draws) if is_halved else _all(sweep, ring, num_draws)
    winner = choose_winner(pool, min_coverage=0.0).winner
    return Pick((int(winner.trial_id), winner.snapshot_nimg), winner.log_fid)


def _finalists(scores: Values) -> list[int]:
    """Return the trials of the lowest running median of three, as the sweep ranks them."""
    windows = np.lib.stride_tricks.sliding_window_view(scores, 3, axis=1)
    best = np.median(windows, axis=-1).min(axis=1)
    return [int(trial) for trial in np.argsort(best)[:NUM_FINALISTS]]


def _all(sweep: Sweep, ring: list[tuple[int, int]], num_draws: int) -> list[CandidateScores]:
    return [_with_draws(sweep, _candidate(place), num_draws) for place in ring]


def _halve(sweep: Sweep, ring: list[tuple[int, int]], num_draws: int) -> list[CandidateScores]:
    candidates = [_candidate(place) for place in ring]
    for each in plan_rounds(len(ring), num_draws):
        kept = survivors(candidates, each.num_candidates, min_coverage=0.0)
        candidates = [_with_draws(sweep, one, len(each.draws)) for one in kept]
    return candidates


def _candidate(place: tuple[int, int]) -> CandidateScores:
    return CandidateScores(trial_id=str(place[0]), snapshot_nimg=place[1])


def _with_draws(sweep: Sweep, candidate: CandidateScores, num_draws: int) -> CandidateScores:
    place = (int(candidate.trial_id), candidate.snapshot_nimg)
    for value in sweep.score([place], num_draws)[0]:
        candidate = candidate.with_draw(
            fid=exp(value), coverage=float("nan"), debiased_fid=exp(value), standard_error=0.0
        )
    return candidate


def cost(num_kept: int, num_draws: int, *, is_halved: bool = True) -> int:
    """Return how many evaluations a re-test takes."""
    rounds = plan_rounds(num_kept, num_draws)
    halved = sum(each.num_candidates * len(each.draws) for each in rounds)
    return NUM_FINALISTS * (halved if is_halved else num_kept * num_draws)


def policies() -> Iterator[tuple[str, Callable[[Sweep], Pick]]]:
    """Yield ways to choose, with the evaluations that each needs beside those of training."""
    yield "argmin", argmin
    for draws in (3, 7):
        more = cost(12, draws)
        yield f"argmin, +{more}", partial(argmin, more_evaluations=more)
    flat = cost(3, 3, is_halved=False)
    yield (
        f"3 kept, 3 draws each, +{flat}",
        partial(retested, num_kept=3, num_draws=3, is_halved=False),
    )
    for draws in (3, 5, 7):
        name = f"12 halved, {draws} draws, +{cost(12, draws)}"
        yield name, partial(retested, num_kept=12, num_draws=draws)


def delivered_table(num_sweeps: int) -> Iterator[str]:
    """Yield regret of the delivered checkpoint, and how optimistic the score was."""
    for noise in NOISES:
        yield f"noise {noise:.1%} of FID, {num_sweeps} sweeps"
        for name, choose in policies():
            sweeps = [make_sweep(seed, noise) for seed in range(num_sweeps)]
            picks = [choose(sweep) for sweep in sweeps]
            pairs = list(zip(sweeps, picks, strict=True))
            regret = [sweep.regret(pick.place) for sweep, pick in pairs]
            luck = [sweep.truth[pick.place] - pick.log_fid for sweep, pick in pairs]
            error = float(np.std(regret)) / sqrt(num_sweeps)
            yield (
                f"  {name:<28} regret {fmean(regret):6.2%} ± {error:.2%}"
                f"   optimism {fmean(luck):6.2%}"
            )


def retrain(seed: int, num_finalists: int, num_seeds: int) -> tuple[float, float, int, int]:
    """Choose parameters from one training each, then from ``num_seeds`` of the finalists.

    Returns:
        regret of both choices (ln FID of the parameters' mean), and of the claims "better than" how
        many were made, and how many were wrong.
    """
    rng = np.random.default_rng(derive_seed(seed, "configurations"))
    truth = 0.1 * rng.standard_normal(NUM_TRIALS)
    once = truth + 0.05 * rng.standard_normal(NUM_TRIALS)
    finalists = np.argsort(once)[:num_finalists]
    shared = 0.03 * rng.standard_normal(num_seeds)  # what a seed does to all alike
    trainings = [shared + truth[each] + 0.04 * rng.standard_normal(num_seeds) for each in finalists]
    configurations = [
        Configuration(
            trial_id=str(name),
            trainings=tuple(_one_training(name, seed, value) for seed, value in enumerate(values)),
        )
        for name, values in zip(finalists, trainings, strict=True)
    ]
    choice = choose_configuration(configurations, min_coverage=0.0)
    picked = int(choice.winner.trial_id)
    claims = [each for each in choice.comparisons if each.is_better]
    wrong = [each for each in claims if truth[int(each.other)] < truth[picked]]
    best = truth.min()
    return truth[finalists[0]] - best, truth[picked] - best, len(claims), len(wrong)


def _one_training(name: object, seed: int, log_fid: float) -> CandidateScores:
    candidate = CandidateScores(trial_id=f"{name}-{seed}", snapshot_nimg=0)
    return candidate.with_draw(
        fid=exp(log_fid), coverage=float("nan"), debiased_fid=exp(log_fid), standard_error=0.0
    )


def retrained_table(num_sweeps: int) -> Iterator[str]:
    """Yield the regret of the chosen parameters, over training seeds."""
    yield "parameters trained anew: sd 10 % between them, 5 % between seeds"
    for num_finalists, num_seeds in ((3, 1), (3, 3), (5, 5), (3, 6), (5, 10)):
        runs = [retrain(seed, num_finalists, num_seeds) for seed in range(num_sweeps)]
        once, again, claims, wrong = (np.array(column) for column in zip(*runs, strict=True))
        share = wrong.sum() / max(1, claims.sum())
        yield (
            f"  {num_finalists} x {num_seeds:<3} regret {again.mean():6.2%}, of one training each "
            f"{once.mean():6.2%}   claims {claims.sum()}, wrong {share:.1%}"
        )


@click.command()
@click.option("--sweeps", default=400, show_default=True, type=click.IntRange(2))
def main(sweeps: int) -> None:
    """Compare the protocol with the lowest of all scores."""
    for line in chain(delivered_table(sweeps), retrained_table(sweeps)):
        click.echo(line)


if __name__ == "__main__":
    main()
