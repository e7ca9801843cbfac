"""What is done about a lost attempt at a trial: who retries what, where, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from orchestrator.records import FaultKind, LostAttempt, Retry

_MAX_MOVES = 20  # in a row without progress: a trial that takes every node with it must end
_RETRIED_ONCE = {
    FaultKind.OUT_OF_MEMORY_HOST: "where more memory may be free",
    FaultKind.HUNG: "after it was killed",
}
_OUTSIDE_THE_TRIAL = {
    FaultKind.NODE_LOST: "its node was lost",
    FaultKind.PREEMPTED: "its node was taken away",
    FaultKind.TUNER_FAILED: "Ray Tune failed",
}
_NOT_COUNTED = (*_OUTSIDE_THE_TRIAL, FaultKind.STORAGE)
_CERTAIN_TO_RECUR = {
    FaultKind.NON_FINITE: "what was not finite stays so",
    FaultKind.BAD_CODE: "the same code would fail again",
    FaultKind.BAD_DATA: "the same data would fail again",
}


class RetryDecision(NamedTuple):
    """What becomes of the trial, and why in words."""

    retry: Retry
    why: str


@dataclass(frozen=True, kw_only=True)
class RetryRules:
    """How much is retried.

    Attributes:
        kills_in_a_row: retries after a killed process without a new evaluation in between.
        retries_per_trial: retries of one trial in all, for faults that may be its own.
        gpus_per_trial: what one trial occupies; a share below one can be made a whole GPU.
    """

    kills_in_a_row: int = 3
    retries_per_trial: int = 10
    gpus_per_trial: float = 0.0


def decide_retry(
    fault: FaultKind, past: Sequence[LostAttempt], rules: RetryRules, *, num_evaluations: int
) -> RetryDecision:
    """Decide what follows a lost attempt.

    Args:
        fault: by which it was lost.
        past: the attempts at this trial that were lost before, in order.
        rules: how much is retried.
        num_evaluations: known of the trial by now; a new one since an attempt was lost is progress.
    """
    if fault is FaultKind.STORAGE:
        return RetryDecision(Retry.AFTER_RESUME, "the storage failed, not the trial")
    if fault in _CERTAIN_TO_RECUR:
        return RetryDecision(Retry.NEVER, f"not retried: {_CERTAIN_TO_RECUR[fault]}")
    if fault in _OUTSIDE_THE_TRIAL:
        return _move(fault, past, num_evaluations)
    num_counted = sum(each.fault not in _NOT_COUNTED for each in past)
    if num_counted >= rules.retries_per_trial:
        limit = rules.retries_per_trial
        return RetryDecision(Retry.NEVER, f"not retried: the limit of {limit} a trial is reached")
    if fault is FaultKind.PROCESS_KILLED:
        return _begin_again(past, rules, num_evaluations)
    if fault is FaultKind.OUT_OF_MEMORY_GPU:
        return _give_whole_gpu(past, rules)
    return _retry_once(fault, past)


def _move(fault: FaultKind, past: Sequence[LostAttempt], num_evaluations: int) -> RetryDecision:
    if _num_in_a_row(list(_OUTSIDE_THE_TRIAL), past, num_evaluations) >= _MAX_MOVES:
        return RetryDecision(
            Retry.NEVER, f"not retried: moved {_MAX_MOVES} times without a new evaluation"
        )
    why = f"{_OUTSIDE_THE_TRIAL[fault]}, which is not counted against the trial"
    is_of_the_place = fault is not FaultKind.TUNER_FAILED
    return RetryDecision(Retry.ELSEWHERE if is_of_the_place else Retry.SAME_PLACE, why)


def _begin_again(
    past: Sequence[LostAttempt], rules: RetryRules, num_evaluations: int
) -> RetryDecision:
    num_before = _num_in_a_row([FaultKind.PROCESS_KILLED], past, num_evaluations)
    limit = rules.kills_in_a_row
    if num_before >= limit:
        return RetryDecision(
            Retry.NEVER, f"not retried: killed {num_before + 1} times without a new evaluation"
        )
    return RetryDecision(
        Retry.SAME_PLACE, f"retry {num_before + 1} of {limit} without a new evaluation"
    )


def _give_whole_gpu(past: Sequence[LostAttempt], rules: RetryRules) -> RetryDecision:
    has_share = 0 < rules.gpus_per_trial < 1
    has_whole = any(each.retry is Retry.WHOLE_GPU for each in past)
    if has_share and not has_whole:
        return RetryDecision(Retry.WHOLE_GPU, f"{rules.gpus_per_trial:g} of a GPU was not enough")
    where = "a whole GPU" if has_whole or rules.gpus_per_trial else "the memory that there is"
    return RetryDecision(Retry.NEVER, f"not retried: these parameters do not fit {where}")


def _retry_once(fault: FaultKind, past: Sequence[LostAttempt]) -> RetryDecision:
    if any(each.fault is fault for each in past):
        return RetryDecision(Retry.NEVER, "not retried: it happened once before")
    return RetryDecision(Retry.ELSEWHERE, f"retried once, {_RETRIED_ONCE[fault]}")


def _num_in_a_row(
    faults: Sequence[FaultKind], past: Sequence[LostAttempt], num_evaluations: int
) -> int:
    """Count lost attempts of these classes since the trial's latest evaluation."""
    since = [each for each in past if each.num_evaluations == num_evaluations]
    return sum(each.fault in faults for each in since)
