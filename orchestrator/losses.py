"""What lost attempts mean for a trial and for the whole sweep, from the history alone."""

from orchestrator.config.model import SweepConfig
from orchestrator.decision.retry import RetryRules, decide_retry
from orchestrator.errors import SweepError, SweepHalted
from orchestrator.history import SweepHistory
from orchestrator.records import FaultKind, LostAttempt, Retry, TrialStatus
from orchestrator.trial_history import Location, TrialHistory
from orchestrator.wording import format_lost_attempt

_DEATHS = (FaultKind.PROCESS_KILLED, FaultKind.OUT_OF_MEMORY_HOST)
_NUM_TOLD = 3  # lost attempts in the reason why a trial was given up


def lose_attempt(
    config: SweepConfig, trial: TrialHistory, fault: FaultKind, reason: str, *, cause: str = ""
) -> LostAttempt:
    """Return the record of the attempt that a trial loses now, with what follows.

    A worker that dies before the trial has begun in it, such as a reused one that is killed along
    with another, is no fault of the trial.
    """
    location = trial.location or Location()
    if fault in _DEATHS and trial.location is None:
        fault, reason = FaultKind.TUNER_FAILED, f"{reason} before it began"
    rules = RetryRules(
        kills_in_a_row=config.faults.kills_in_a_row,
        retries_per_trial=config.faults.retries_per_trial,
        gpus_per_trial=config.resources.gpus_per_trial,
    )
    retry, why = decide_retry(fault, trial.lost_attempts, rules, num_evaluations=trial.num_known)
    return LostAttempt(
        attempt=trial.record.num_attempts,
        fault=fault,
        reason=reason,
        retry=retry,
        why=why,
        nimg=trial.record.nimg,
        num_evaluations=trial.num_known,
        cause=cause,
        node=location.node,
        host=location.host,
        pid=location.pid,
    )


def reason_given_up(trial: TrialHistory) -> str:
    """Say why a trial has failed: its last fault, then what was tried before."""
    *before, last = trial.lost_attempts
    if not before:
        return last.reason
    told = "; ".join(format_lost_attempt(each) for each in before[-_NUM_TOLD:])
    return f"{last.reason}; {last.why}; before: {told}"


def why_left(nimg: int) -> str:
    """Say why an attempt ended that was asked to, and what it leaves."""
    return f"its place was about to be taken away; it saved its state at {nimg / 1000:g} kimg"


def check_worth_going_on(config: SweepConfig, history: SweepHistory, lost: LostAttempt) -> None:
    """Look after a lost attempt whether the sweep makes sense any longer.

    Raises:
        SweepError: if the first ``faults.alike_failures`` trials have all failed alike.
        SweepHalted: if the trial's storage has failed.
    """
    if lost.retry is Retry.AFTER_RESUME:
        raise SweepHalted(f"{lost.reason}: no trial is blamed; once that is mended")
    records = history.records
    if lost.retry is Retry.NEVER and has_failed_alike(history, config.faults.alike_failures):
        num_failed = sum(record.status is TrialStatus.FAILED for record in records)
        raise SweepError(
            f"all {num_failed} trials so far have failed alike ({lost.fault}), and none has "
            f"trained: {lost.reason}"
        )


def has_failed_alike(history: SweepHistory, num_alike: int) -> bool:
    """Say whether so many trials have failed, all of them alike, and none has got anywhere.

    A trial that has trained, if only to its second evaluation, shows that not all will fail.
    """
    records = history.records
    if any(record.nimg > 0 or _has_ended_well(record.status) for record in records):
        return False
    failed = [each for each in history.trials.values() if each.record.status is TrialStatus.FAILED]
    last = [trial.lost_attempts[-1] for trial in failed if trial.lost_attempts]
    is_alike = len({(each.fault, each.cause) for each in last}) == 1
    return is_alike and len(last) == len(failed) >= num_alike


def _has_ended_well(status: TrialStatus) -> bool:
    return status in (TrialStatus.COMPLETED, TrialStatus.STOPPED)
