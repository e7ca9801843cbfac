"""What a sweep has spent, what it may spend, and which trials it may still run."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from orchestrator.config.model import SweepConfig
from orchestrator.decision.expected_gain import Prospect, prospect
from orchestrator.history import SweepHistory
from orchestrator.outcomes import outcome_of
from orchestrator.records import StoppedBy, TrialStatus
from orchestrator.trial_history import TrialHistory


class EndCause(StrEnum):
    """What can end the proposing of trials before the plan is through."""

    MAX_HOURS = "max_hours"
    MAX_GPU_HOURS = "max_gpu_hours"
    MAX_TRIALS = "max_trials"
    SETTLED = "settled"


@dataclass(frozen=True)
class EndOfProposing:
    """Why no further trial is proposed: what ended it, and the numbers in words."""

    cause: EndCause
    reason: str


@dataclass(frozen=True, kw_only=True)
class Spent:
    """Hours that drivers were alive, and GPU hours of trials: training and being evaluated."""

    hours: float
    gpu_hours: float


def spent(config: SweepConfig, history: SweepHistory) -> Spent:
    """Add up what a sweep has spent, over all its resumes."""
    return Spent(
        hours=history.used_s / 3600,
        gpu_hours=history.trial_s / 3600 * config.resources.gpus_per_trial,
    )


def passed_cap(config: SweepConfig, history: SweepHistory) -> EndOfProposing | None:
    """Return the cap in hours that is used up, which also ends trials that run; None if none is."""
    budget, used = config.budget, spent(config, history)
    if budget.max_hours is not None and used.hours >= budget.max_hours:
        reason = f"budget.max_hours = {budget.max_hours:g}: {used.hours:.3g} h are spent"
        return EndOfProposing(EndCause.MAX_HOURS, reason)
    if budget.max_gpu_hours is not None and used.gpu_hours >= budget.max_gpu_hours:
        reason = (
            f"budget.max_gpu_hours = {budget.max_gpu_hours:g}: "
            f"{used.gpu_hours:.3g} GPU hours are spent"
        )
        return EndOfProposing(EndCause.MAX_GPU_HOURS, reason)
    return None


def trials_cap(config: SweepConfig, history: SweepHistory) -> EndOfProposing | None:
    """Return the cap on trials once it keeps the plan from being carried out; None until then."""
    cap, planned = config.budget.max_trials, config.search.trials
    if cap is None or cap >= planned or len(history.proposals) < cap:
        return None
    reason = f"budget.max_trials = {cap}: no more of the {planned} trials of search.trials"
    return EndOfProposing(EndCause.MAX_TRIALS, reason)


def end_of_proposing(config: SweepConfig, history: SweepHistory) -> EndOfProposing | None:
    """Return why no further trial is to be proposed though more are planned; None if one is.

    That the search has settled is decided once, on what had finished or paused by then: the
    journal's word holds until the spec no longer asks, or a trial was proposed all the same.
    """
    capped = passed_cap(config, history) or trials_cap(config, history)
    if capped is not None or not config.search.stop_when_settled:
        return capped
    ended = history.proposing_end or {}
    if ended.get("cause") == EndCause.SETTLED:
        return EndOfProposing(EndCause.SETTLED, ended["reason"])
    ahead = _prospect(config, history)
    if ahead is None or not ahead.is_settled:
        return None
    return EndOfProposing(EndCause.SETTLED, ahead.reason)


def num_to_propose(config: SweepConfig, history: SweepHistory) -> int:
    """Return how many trials are planned beyond those proposed; none once the finals have begun."""
    return 0 if history.replicates else config.num_trials - len(history.proposals)


def reopenable(config: SweepConfig, history: SweepHistory) -> list[str]:
    """Return the trials that the end of the sweep had cut short, where it may go on.

    Those that a cap ended had room for more; those that nobody resumed may prove better than
    trials that are still to come.
    """
    has_room, may_propose = passed_cap(config, history) is None, _may_propose(config, history)
    return [
        name
        for name, trial in history.trials.items()
        if (trial.record.stopped_by is StoppedBy.CAP and has_room)
        or (trial.waited_in_vain and trial.record.stopped_by is not StoppedBy.CAP and may_propose)
    ]


def has_trials_left(config: SweepConfig, history: SweepHistory) -> bool:
    """Say whether a resume of the sweep may run a trial, be it a replicate of a finalist."""
    if not all(record.status.is_finished for record in history.records):
        return True
    if _may_propose(config, history) or reopenable(config, history):
        return True
    return history.selection is None and config.selection.retrain_seeds > 0


def _may_propose(config: SweepConfig, history: SweepHistory) -> bool:
    return num_to_propose(config, history) > 0 and end_of_proposing(config, history) is None


def _prospect(config: SweepConfig, history: SweepHistory) -> Prospect | None:
    num_left = config.num_trials - len(history.proposals)
    trials = [trial for trial in history.proposals if _has_played_out(trial)]
    if num_left <= 0 or not trials:
        return None
    scores = [_score(trial) for trial in trials]
    best = trials[scores.index(min(scores))]
    return prospect(scores, best.evaluations, num_left=num_left)


def _has_played_out(trial: TrialHistory) -> bool:
    """Say whether a trial's score is likely to stay: few of those that are paused ever go on."""
    record = trial.record
    if record.status is TrialStatus.PAUSED:
        return True
    return record.status.is_finished and record.stopped_by is not StoppedBy.CAP


def _score(trial: TrialHistory) -> float:
    outcome = outcome_of(trial.record)
    return inf if outcome.is_failure else outcome.values[0]
