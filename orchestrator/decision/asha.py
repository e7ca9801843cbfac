"""Asynchronous successive halving (Li et al. 2018, arXiv:1810.05934), its stopping variant.

At each rung a trial goes on only if it is among the best 1/reduction of those that have come so
far. Unlike the usual implementations it compares the best so far of the smoothed log FID instead
of the latest value, and a trial without a finite score never survives a rung.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, isfinite

from orchestrator.decision.scheduler import CohortDecision
from orchestrator.decision.score import best_so_far
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation

_FRACTION_NAMES = {2: "half", 3: "third", 4: "quarter", 5: "fifth"}


@dataclass
class Rung:
    """A place on the budget, with the score of each trial that has come to it."""

    nimg: int
    scores: dict[str, float] = field(default_factory=dict)


class AshaScheduler:
    """Stops trials that are outclassed at a rung.

    Rungs lie at ``grace_nimg * reduction**k`` below ``budget_nimg``. While fewer than
    ``reduction`` trials have come to a rung, and on equal scores, a trial goes on.

    Raises:
        ConfigError: if a number is out of range.
    """

    def __init__(self, *, grace_nimg: int, reduction: int, budget_nimg: int) -> None:
        if grace_nimg < 1:
            raise ConfigError(f"grace of {grace_nimg} images: the first rung needs at least 1")
        if reduction < 2:
            raise ConfigError(f"reduction {reduction}: at least 2 are compared for each kept")
        self._reduction = reduction
        self._rungs: list[Rung] = []
        while grace_nimg < budget_nimg:
            self._rungs.append(Rung(grace_nimg))
            grace_nimg *= reduction
        self._decisions: dict[str, CohortDecision] = {}

    @property
    def rungs(self) -> list[Rung]:
        """The rungs from the lowest to the highest."""
        return self._rungs

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Decide at each rung that the trial has newly come to; the latest decision holds."""
        for number, rung in enumerate(self._rungs):
            decision = self._decisions.get(trial_id)
            if decision is not None and decision.stop:
                return decision
            end = _rows_to(rung.nimg, evaluations)
            if end is not None and trial_id not in rung.scores:
                rung.scores[trial_id] = best_so_far(evaluations[:end])
                self._decisions[trial_id] = self._decide(number, trial_id)
        return self._decisions.get(trial_id) or self._before_first_rung()

    def _decide(self, number: int, trial_id: str) -> CohortDecision:
        rung = self._rungs[number]
        stop, standing = _standing(rung.scores, trial_id, self._reduction)
        reason = f"rung {number} at {rung.nimg / 1000:g} kimg: {standing}"
        return CohortDecision(stop=stop, reason=reason, rung=number)

    def _before_first_rung(self) -> CohortDecision:
        if not self._rungs:
            return CohortDecision(stop=False, reason="no rung below the budget")
        first = self._rungs[0].nimg
        return CohortDecision(stop=False, reason=f"below the first rung at {first / 1000:g} kimg")


def _standing(scores: Mapping[str, float], trial_id: str, reduction: int) -> tuple[bool, str]:
    """Say whether a trial is outclassed among the scores of a rung, and why."""
    score = scores[trial_id]
    if not isfinite(score):
        return True, "no finite FID so far"
    if len(scores) < reduction:
        return False, f"log FID {score:.2f}, {len(scores)} of the {reduction} trials to compare"
    cutoff = sorted(scores.values())[ceil(len(scores) / reduction) - 1]
    best_part = f"the best {_FRACTION_NAMES.get(reduction, f'1/{reduction}')}"
    relation = "worse than" if score > cutoff else "among"
    cohort = f"{best_part} of {len(scores)} trials (cutoff {cutoff:.2f})"
    return score > cutoff, f"log FID {score:.2f}, {relation} {cohort}"


def _rows_to(nimg: int, evaluations: Sequence[Evaluation]) -> int | None:
    """Count the rows up to the first at or past ``nimg``: every trial is compared there."""
    counts = (count for count, row in enumerate(evaluations, 1) if row.nimg >= nimg)
    return next(counts, None)
