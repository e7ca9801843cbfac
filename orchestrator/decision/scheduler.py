"""The contract of a scheduler: is a trial worth its place beside its siblings?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orchestrator.records import Evaluation


@dataclass(frozen=True, kw_only=True)
class CohortDecision:
    """What a trial's standing among its siblings asks for.

    ``rung`` is the number (0, 1, …) of the rung that was decided on, None where none was.
    """

    stop: bool
    reason: str
    rung: int | None = None


class Scheduler(Protocol):
    """Decides after each evaluation of any trial of one sweep.

    Its state is a function of the reports alone, so giving it the evaluations of a journal again,
    in their order, restores it. Asking again about a rung that a trial has passed changes nothing
    and answers the same; a trial that was stopped stays stopped.
    """

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Take in a trial's evaluations so far, by ``nimg``, and decide on it."""
        ...
