"""The contract of a scheduler: is a trial worth its place beside its siblings?"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol

from orchestrator.records import Evaluation


class CohortAction(StrEnum):
    """What becomes of a trial among its siblings.

    A paused trial keeps its checkpoint and frees its slot; a stopped one never runs again. One that
    exploits is paused, too, but goes on as soon as it may, from the weights of a better trial.
    """

    GO_ON = "go_on"
    PAUSE = "pause"
    EXPLOIT = "exploit"
    STOP = "stop"


class ToCome(IntEnum):
    """What a paused trial may still be compared with, if it goes on waiting."""

    NOTHING = 0
    RUNNING_TRIALS = 1
    NEW_TRIALS = 2


class Donor(NamedTuple):
    """Whose weights are exploited, and after how many images it had them."""

    trial_id: str
    nimg: int


@dataclass(frozen=True, kw_only=True)
class CohortDecision:
    """What a trial's standing among its siblings asks for.

    ``rung`` is the number (0, 1, …) of the rung that was decided on, None where none was; ``donor``
    is None but for a trial that exploits.
    """

    action: CohortAction
    reason: str
    rung: int | None = None
    donor: Donor | None = None


class Scheduler(Protocol):
    """Decides after each evaluation of any trial of one sweep, and which paused trial goes on.

    Its state is a function of the reports and ends alone, so giving it those of a journal again,
    in their order, restores it. It learns that a paused trial was resumed from its next report.
    """

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Take in a trial's evaluations so far, by ``nimg``, and decide on it.

        Rows that are all known, as a resumed trial repeats them, change nothing and get the
        decision of before; a trial that was stopped stays stopped.
        """
        ...

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Take in that a trial will never run again; what it scored still counts for others.

        Args:
            trial_id: of a trial that may never have reported.
            is_failure: whether it broke: collapsed, diverged, died or crashed.
        """
        ...

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return the paused trial that most deserves to go on, None if none has earned it.

        The less there is to wait for, the less a trial has to prove: with nothing to come, None
        means that no paused trial will ever go on.

        Args:
            paused: the trials that may be resumed.
            to_come: what there still is to wait for.
        """
        ...
