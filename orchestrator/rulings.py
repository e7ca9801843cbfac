"""What is to become of a sweep's trials: which to pause, to stop and to resume.

All of it follows from the sweep's events so far. The search carries it out; a replay checks that.
"""

from typing import NamedTuple

from orchestrator.config.model import SweepConfig
from orchestrator.decision.scheduler import CohortAction, CohortDecision, Scheduler, ToCome
from orchestrator.decision.verdict import asks_for_pause
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.outcomes import outcome_of
from orchestrator.records import Action, StoppedBy, TrialStatus
from orchestrator.trial_history import TrialHistory

BEST_LEFT = "the best that is left"
SUSPECT = "suspect, but nothing else is to be done"


class Ruling(NamedTuple):
    """What is to become of a trial that does not simply go on, and who says so."""

    by: StoppedBy
    decision: CohortDecision


def _may_be_reopened(trial: TrialHistory) -> bool:
    return trial.waited_in_vain or trial.record.stopped_by is StoppedBy.CAP


def why_promoted(trial: TrialHistory) -> str:
    """Say why a trial goes on that the scheduler had paused."""
    if trial.has_new_weights:
        return f"from the weights of {trial.record.inherited_from}"
    return "promoted by the scheduler"


def reason_in_vain(trial: TrialHistory) -> str:
    """Say why a paused trial ends that nobody resumed."""
    return f"{trial.record.reason}; never resumed"


class Rulings:
    """Rules on each new evaluation, by its verdict and by how its trial stands among the others.

    Replicates are not ruled on: they are compared with their like only, at the end.

    Args:
        config: the resolved sweep.
        history: of the sweep; hears of each event before this does.
        scheduler: says which trials are outclassed, and which deserve to go on.

    Attributes:
        due: what was decided on trials, but is not carried out yet.
    """

    def __init__(self, config: SweepConfig, history: SweepHistory, scheduler: Scheduler) -> None:
        self.due: dict[str, Ruling] = {}
        self._budget_nimg = config.budget.nimg_per_trial
        self._history = history
        self._scheduler = scheduler

    def take_in(self, event: Event) -> None:
        """Learn from an event, the same whether it happens now or is recalled."""
        if event["event"] not in ("evaluated", "paused", "exploited", "finished"):
            return
        name = event["trial_id"]
        trial = self._history.trials[name]
        if trial.is_replicate:
            return
        self.due.pop(name, None)
        if event["event"] == "evaluated":
            ruling = self._rule(name)
            if ruling is not None:
                self.due[name] = ruling
        elif trial.status.is_finished and not _may_be_reopened(trial):
            self._scheduler.ended(name, is_failure=outcome_of(trial.record).is_failure)

    def ends_by_itself(self, name: str) -> bool:
        """Say whether all that is missing of a trial is its last message."""
        trial = self._history.trials[name]
        is_through = trial.nimg >= self._budget_nimg
        return is_through or (bool(trial.verdicts) and trial.verdicts[-1].action.is_stop)

    def promoted(self, to_come: ToCome) -> str | None:
        """Return the trial that deserves to go on, of those that the scheduler paused."""
        return self._scheduler.next_to_resume(self._paused(StoppedBy.SCHEDULER), to_come=to_come)

    def best_suspect(self) -> str | None:
        """Return the best of the trials that a verdict paused, None if there is none."""
        suspects = self._paused(StoppedBy.VERDICT)
        ranked = (trial.record.trial_id for trial in self._history.ranked)
        return next((name for name in ranked if name in suspects), None)

    def _paused(self, by: StoppedBy) -> set[str]:
        return {
            name
            for name, trial in self._history.trials.items()
            if trial.status is TrialStatus.PAUSED and trial.paused_by is by
        }

    def _rule(self, name: str) -> Ruling | None:
        """Decide on a trial's latest evaluation; None where it goes on or ends by itself.

        What is about to be abandoned by a roll back must not count against it at a rung, nor is
        the way back to there news: rungs on it are decided.
        """
        trial = self._history.trials[name]
        if trial.verdicts[-1].action is Action.ROLL_BACK or trial.is_retracing:
            return None
        decision = self._scheduler.report(name, trial.evaluations)
        if trial.status.is_finished or self.ends_by_itself(name):
            return None
        if decision.action is not CohortAction.GO_ON:
            return Ruling(StoppedBy.SCHEDULER, decision)
        if asks_for_pause(trial.verdicts):
            reason = trial.verdicts[-1].reason
            return Ruling(
                StoppedBy.VERDICT, CohortDecision(action=CohortAction.PAUSE, reason=reason)
            )
        return None
