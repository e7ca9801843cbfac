"""Does it matter how the searcher is told of trials that were paused early?

Made-up learning curves over four parameters, so that the truth is known; our sampler and our ASHA.
Three ways to search: at random; told the best score as if it were final; and told how far it was
reached, as a sweep does. See benchmarks/README.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import exp, inf, log10
from statistics import fmean, stdev

import click
import numpy as np

from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.scheduler import CohortAction, ToCome
from orchestrator.decision.score import best_so_far
from orchestrator.records import Evaluation
from orchestrator.sampling.outcome import FAILURE, Outcome
from orchestrator.sampling.sampler import ParameterSampler
from search_spaces.domains import Choice, Float
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

NUM_EVALUATIONS = 32
GRACE, REDUCTION = 3, 3
START = 4.5  # ln(FID) untrained
SPACE = SearchSpace(
    "curves",
    (
        Parameter("d_lr", Float(1e-5, 1e-2, log=True)),
        Parameter("g_lr", Float(1e-5, 1e-2, log=True)),
        Parameter("beta", Float(0.0, 0.9)),
        Parameter("network", Choice(("a", "b", "c"))),
    ),
)
WAYS = ("random", "as final", "with fidelity")


class Task:
    """Where the optimum lies, and how much slower learning rates learn that end lower."""

    def __init__(self, seed: int, crossing: float) -> None:
        rng = np.random.default_rng(seed)
        self._best_lr = [float(x) for x in rng.uniform(-4.0, -2.5, 2)]
        self._best_beta = float(rng.uniform(0.0, 0.9))
        self._network = dict(zip("abc", map(float, rng.uniform(0.0, 0.5, 3)), strict=True))
        self._crossing = crossing

    @property
    def best(self) -> float:
        """The lowest ln(FID) that any parameters end at."""
        return 1.0 + min(self._network.values())

    def curve(self, params: dict[str, float | str]) -> list[float] | None:
        """Return the true ln(FID) at each evaluation; None where learning rates do not fit."""
        d_lr, g_lr = (log10(float(params[name])) for name in ("d_lr", "g_lr"))
        if abs(d_lr - g_lr) > 2.2:
            return None
        low = 1.0 + self._network[str(params["network"])]
        low += 0.35 * ((d_lr - self._best_lr[0]) ** 2 + (g_lr - self._best_lr[1]) ** 2)
        low += 0.6 * (float(params["beta"]) - self._best_beta) ** 2
        speed = 10 ** (self._crossing * ((d_lr + g_lr) / 2 + 3.5))
        scale = min(max(0.25 * NUM_EVALUATIONS / speed, 1.0), NUM_EVALUATIONS)
        return [low + (START - low) * exp(-step / scale) for step in range(NUM_EVALUATIONS + 1)]


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search handed over, above the best there is, and its share of the full compute."""

    regret: float
    used_frac: float


@dataclass
class _Trial:
    """A trial as it stands: its true curve, the noise on it, and what was observed so far."""

    true: list[float]
    noise: np.ndarray
    rows: list[Evaluation] = field(default_factory=list)

    @property
    def reached(self) -> int:
        """The last step that was observed."""
        return self.rows[-1].nimg

    def run(self, scheduler: AshaScheduler, name: str) -> None:
        """Go on until the trial ends, is stopped or is paused."""
        for step in range(len(self.rows), len(self.true)):
            fid = exp(self.true[step] + float(self.noise[step]))
            self.rows.append(Evaluation(run=name, step=step, nimg=step, fid=fid))
            if scheduler.report(name, self.rows).action is not CohortAction.GO_ON:
                break


def run_search(way: str, task: Task, seed: int, num_trials: int, noise: float) -> Found:
    """Carry out one search, trial after trial; what was promoted goes before what is new."""
    rng = np.random.default_rng(seed)
    sampler = ParameterSampler(SPACE, "random" if way == "random" else "tpe", seed)
    scheduler = AshaScheduler(grace_nimg=GRACE, reduction=REDUCTION, budget_nimg=NUM_EVALUATIONS)
    trials: dict[str, _Trial] = {}
    for index in range(num_trials):
        true, name = task.curve(sampler.propose(index)), str(index)
        more = index + 1 < num_trials
        if true is None:
            sampler.tell(index, FAILURE)
        else:
            trials[name] = _Trial(true, noise * rng.normal(size=len(true)))
        next_name = name if name in trials else _promoted(scheduler, trials, more_to_come=more)
        while next_name is not None:
            trial = trials[next_name]
            trial.run(scheduler, next_name)
            is_final = way != "with fidelity" or trial.reached == NUM_EVALUATIONS
            score = best_so_far(trial.rows)
            outcome = Outcome(values=(score,), nimg=trial.reached, is_final=is_final)
            sampler.tell(int(next_name), outcome)
            next_name = _promoted(scheduler, trials, more_to_come=more)
    return _found(list(trials.values()), task, num_trials=num_trials)


def _promoted(
    scheduler: AshaScheduler, trials: dict[str, _Trial], *, more_to_come: bool
) -> str | None:
    """Return the trial that the scheduler lets go on, if any."""
    paused = {name for name, trial in trials.items() if trial.reached < NUM_EVALUATIONS}
    to_come = ToCome.NEW_TRIALS if more_to_come else ToCome.NOTHING
    return scheduler.next_to_resume(paused, to_come=to_come)


def _found(trials: Sequence[_Trial], task: Task, *, num_trials: int) -> Found:
    """Sum a search up; what failed was noticed at the first rung."""
    best = min(trials, key=lambda trial: best_so_far(trial.rows), default=None)
    delivered = inf if best is None else min(best.true[: best.reached + 1])
    used = GRACE * (num_trials - len(trials)) + sum(trial.reached for trial in trials)
    return Found(regret=delivered - task.best, used_frac=used / (num_trials * NUM_EVALUATIONS))


@click.command()
@click.option("--trials", default=40, show_default=True, type=click.IntRange(1))
@click.option("--noise", default=0.05, show_default=True, help="Standard deviation of ln(FID).")
@click.option("--searches", default=100, show_default=True, type=click.IntRange(2))
def main(trials: int, noise: float, searches: int) -> None:
    """Compare what searches hand over, in ln(FID) above the best there is."""
    click.echo(f"{trials} trials, noise {noise:g}, {searches} searches each")
    for crossing in (0.0, 0.5, 1.0):
        for way in WAYS:
            found = [
                run_search(way, Task(seed, crossing), seed, trials, noise)
                for seed in range(searches)
            ]
            regrets = [each.regret for each in found]
            click.echo(
                f"crossing {crossing:g}  {way:<14} regret {fmean(regrets):.3f} "
                f"± {stdev(regrets) / searches**0.5:.3f}, "
                f"compute {fmean(each.used_frac for each in found):.0%}"
            )


if __name__ == "__main__":
    main()
