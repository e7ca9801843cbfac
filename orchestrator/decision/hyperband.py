"""Hyperband (Li et al. 2018, arXiv:1603.06560): halving with several graces side by side.

How early a GAN shows its worth is not known beforehand. A bracket with a short grace tries many
trials and may drop a late bloomer; one with a long grace tries few. Each bracket is a scheduler
of its own, and trials are compared within their bracket only.
"""

from collections.abc import Container, Sequence
from dataclasses import replace
from math import ceil

from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.scheduler import CohortDecision, ToCome
from orchestrator.records import Evaluation


class HyperbandScheduler:
    """Deals trials to brackets of asynchronous halving, in turn and by the weight of each.

    Bracket k begins at ``grace_nimg * reduction**k``; the last has no rung, its trials spend
    their whole budget. A trial belongs to a bracket from its first report on.

    Args:
        grace_nimg: images before the first rung of the first bracket.
        reduction: one trial in so many goes on from a rung.
        budget_nimg: images of a whole trial.
        tie_sds: see :class:`orchestrator.decision.rung.Rung`.

    Raises:
        ConfigError: if a number is out of range.
    """

    def __init__(
        self, *, grace_nimg: int, reduction: int, budget_nimg: int, tie_sds: float = 2.0
    ) -> None:
        self.brackets: list[AshaScheduler] = []
        while not self.brackets or self.brackets[-1].rungs:
            bracket = AshaScheduler(
                grace_nimg=grace_nimg,
                reduction=reduction,
                budget_nimg=budget_nimg,
                tie_sds=tie_sds,
            )
            self.brackets.append(bracket)
            grace_nimg *= reduction
        self.weights = bracket_weights(len(self.brackets), reduction)
        self._bracket_of: dict[str, int] = {}
        self._num_dealt = [0] * len(self.brackets)

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Decide on the trial within its bracket."""
        if trial_id not in self._bracket_of:
            self._bracket_of[trial_id] = self._deal()
        number = self._bracket_of[trial_id]
        decision = self.brackets[number].report(trial_id, evaluations)
        return replace(decision, reason=f"bracket {number}, {decision.reason}")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Tell the trial's bracket."""
        if trial_id in self._bracket_of:
            self.brackets[self._bracket_of[trial_id]].ended(trial_id, is_failure=is_failure)

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return the trial that deserves it most in the first bracket where one does."""
        candidates = (bracket.next_to_resume(paused, to_come=to_come) for bracket in self.brackets)
        return next((trial_id for trial_id in candidates if trial_id is not None), None)

    def _deal(self) -> int:
        """Return the bracket that is furthest behind its share."""
        number = min(
            range(len(self.brackets)),
            key=lambda each: (self._num_dealt[each] + 1) / self.weights[each],
        )
        self._num_dealt[number] += 1
        return number


def bracket_weights(num_brackets: int, reduction: int) -> list[int]:
    """Return how many trials each bracket gets in a round of Hyperband, so that costs are alike.

    Bracket k of K has s = K - 1 - k rungs and gets ``ceil(K / (s + 1) * reduction**s)`` trials
    (Algorithm 1 of the paper).

    >>> bracket_weights(3, 3)
    [9, 5, 3]
    """
    rungs = range(num_brackets - 1, -1, -1)
    return [ceil(num_brackets * reduction**s / (s + 1)) for s in rungs]
