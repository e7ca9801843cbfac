"""Cohorts of recorded runs with noise on what is measured, to be played under many policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import exp, isfinite, sqrt
from typing import Self

import numpy as np

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.scoring import delivered_row
from benchmarks.decision.verdicts import RememberedVerdicts
from gan_models.seeds import derive_seed
from orchestrator.decision.scheduler import Scheduler
from orchestrator.simulation.cohort import AXIS_UNITS, Cohort
from orchestrator.simulation.policies import Rungs
from orchestrator.simulation.simulate import Simulation, simulate

COHORT_SIZE = 20
CONCURRENT = 4
_REDUCTION_OF_GRACE = 3


@dataclass(frozen=True)
class Outcome:
    """What a policy used of a cohort, and the true distance of what it delivered."""

    used_frac: float
    distance: float


@dataclass(frozen=True)
class NoisyCohort:
    """Runs of one family in their order; what no policy changes is worked out once."""

    runs: Mapping[str, LabelledRun]

    @classmethod
    def of(cls, members: Sequence[LabelledRun], *, log_noise: float, seed: int) -> Self:
        """Put noise of this standard deviation on every ln(FID)."""
        if not log_noise:
            return cls({run.run: run for run in members})
        return cls({run.run: _with_noise(run, log_noise, seed) for run in members})

    @cached_property
    def cohort(self) -> Cohort:
        """The runs as policies see them."""
        return Cohort.of({name: run.evaluations for name, run in self.runs.items()})

    @cached_property
    def grace(self) -> int:
        """The first rung, on the axis of the cohort; every policy has it, times its own factor."""
        return Rungs.fit(self.cohort, _REDUCTION_OF_GRACE).grace

    def grace_rows(self, factor: float = 1.0) -> int:
        """Return the number of the evaluation there, times a factor; at least 1."""
        last_row = max(len(run.rows) for run in self.cohort.runs) - 1
        return max(1, round(factor * last_row * self.grace / AXIS_UNITS))

    def verdicts(self, min_gain_frac: float | None = None) -> RememberedVerdicts:
        """Return the verdicts on these runs, of which none is judged twice."""
        if min_gain_frac not in self._verdicts:
            self._verdicts[min_gain_frac] = RememberedVerdicts(self.runs, min_gain_frac)
        return self._verdicts[min_gain_frac]

    def play(self, policy: Scheduler) -> Outcome:
        """Play the cohort under a policy that has seen nothing, and look up what it delivered."""
        played = simulate(self.cohort, "", policy, concurrent=CONCURRENT)
        winner = self.runs[played.winner.name]
        row = delivered_row(winner, played.num_rows[winner.run])
        return Outcome(_used_frac(played), winner.true_distance[row])

    @cached_property
    def _verdicts(self) -> dict[float | None, RememberedVerdicts]:
        return {}


def draw_cohort(runs: Sequence[LabelledRun], number: int) -> list[LabelledRun]:
    """Draw runs of one family in random order; ``number`` seeds the draw."""
    rng = np.random.default_rng(derive_seed(0, "cohort", number))
    families = sorted({run.family for run in runs})
    family = families[number % len(families)]
    members = [run for run in runs if run.family == family]
    chosen = rng.permutation(len(members))[:COHORT_SIZE]
    return [members[index] for index in chosen]


def _used_frac(played: Simulation) -> float:
    rows = sum(len(run.rows) for run in played.cohort.runs)
    return sum(played.num_rows.values()) / rows


def _with_noise(run: LabelledRun, log_noise: float, seed: int) -> LabelledRun:
    """Half-samples are noisier by the root of two: FID is the better for being of both."""
    rng = np.random.default_rng(derive_seed(seed, run.run))
    noises = rng.normal(0.0, sqrt(2.0) * log_noise, (len(run.evaluations), 2))
    rows = []
    for row, (a, b) in zip(run.evaluations, noises, strict=True):
        factors = {"fid": exp((a + b) / 2), "fid_a": exp(a), "fid_b": exp(b)}
        changed = {name: getattr(row, name) * factor for name, factor in factors.items()}
        rows.append(replace(row, **{k: v for k, v in changed.items() if isfinite(v)}))
    return replace(run, evaluations=rows)
