"""Which trials are worth testing again."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Protocol

from orchestrator.records import Action, TrialRecord, Verdict, VerdictKind


class Judged(Protocol):
    """A trial with the verdicts on it, the latest last."""

    @property
    def record(self) -> TrialRecord:
        """Where the trial stands."""
        ...

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """One for each evaluation."""
        ...


def choose_finalists(
    trials: Iterable[Judged], count: int, min_coverage: float
) -> list[TrialRecord]:
    """Return the best trials by score that are worth testing again, at most ``count``.

    Dead trials are no candidates, nor are those without a finite score after training began. Of
    the rest only those count that no verdict rejected and that are diverse (coverage not below
    ``min_coverage`` where it was measured); if there is none, the best of all are returned, and
    ``choose_winner`` says so.
    """
    scored = [trial for trial in trials if _is_scored(trial)]
    shippable = [
        trial.record
        for trial in scored
        if is_deliverable(trial) and not trial.record.best_coverage < min_coverage
    ]
    eligible = shippable or [trial.record for trial in scored]
    return sorted(eligible, key=lambda record: (record.score, record.index))[:count]


def is_deliverable(trial: Judged) -> bool:
    """Say whether a trial has a generator with a score that no verdict rejected."""
    is_rejected = bool(trial.verdicts) and trial.verdicts[-1].action is Action.STOP_REJECT
    return _is_scored(trial) and not is_rejected


def _is_scored(trial: Judged) -> bool:
    record = trial.record
    has_trained = record.nimg > 0  # an untrained generator has a score, but no snapshot
    return has_trained and isfinite(record.score) and record.verdict is not VerdictKind.DEAD
