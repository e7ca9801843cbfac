from collections.abc import Sequence

import pytest

from orchestrator.decision.retry import RetryRules, decide_retry
from orchestrator.records import FaultKind, LostAttempt, Retry

KILLED, MOVED, HUNG = FaultKind.PROCESS_KILLED, FaultKind.NODE_LOST, FaultKind.HUNG
HOST, GPU = FaultKind.OUT_OF_MEMORY_HOST, FaultKind.OUT_OF_MEMORY_GPU
SAME, AWAY, NEVER = Retry.SAME_PLACE, Retry.ELSEWHERE, Retry.NEVER


def lost(fault: FaultKind, num_evaluations: int = 1, retry: Retry = SAME) -> LostAttempt:
    return LostAttempt(
        attempt=1,
        fault=fault,
        reason="r",
        retry=retry,
        why="w",
        num_evaluations=num_evaluations,
    )


def decide(fault: FaultKind, past: Sequence[LostAttempt] = (), **rules: float) -> Retry:
    return decide_retry(fault, past, RetryRules(**rules), num_evaluations=1).retry  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fault", "retry"),
    [
        (KILLED, SAME),
        (HOST, AWAY),
        (GPU, NEVER),
        (HUNG, AWAY),
        (FaultKind.NON_FINITE, NEVER),
        (FaultKind.BAD_CODE, NEVER),
        (FaultKind.BAD_DATA, NEVER),
        (MOVED, AWAY),
        (FaultKind.PREEMPTED, AWAY),
        (FaultKind.TUNER_FAILED, SAME),
        (FaultKind.STORAGE, Retry.AFTER_RESUME),
    ],
)
def test_the_first_loss_of_each_class_has_its_answer(fault: FaultKind, retry: Retry) -> None:
    assert decide(fault) is retry


def test_every_class_has_a_rule() -> None:
    assert all(decide(fault) in Retry for fault in FaultKind)


@pytest.mark.parametrize(
    ("fault", "past", "retry"),
    [
        (KILLED, 2 * [lost(KILLED)], SAME),
        (KILLED, 3 * [lost(KILLED)], NEVER),
        (KILLED, [*3 * [lost(KILLED, 0)], lost(KILLED)], SAME),  # it got on in between
        (KILLED, [*2 * [lost(KILLED)], *5 * [lost(MOVED)]], SAME),
        (HUNG, [lost(HUNG, 0)], NEVER),  # once in all, however far it came since
        (HUNG, [lost(KILLED)], AWAY),
        (HOST, [lost(HOST, 0)], NEVER),
        (MOVED, 19 * [lost(MOVED)], AWAY),
        (MOVED, 20 * [lost(MOVED)], NEVER),
        (MOVED, 20 * [lost(MOVED, 0)], AWAY),
        (MOVED, 10 * [lost(KILLED, 0)], AWAY),
        (KILLED, 10 * [lost(KILLED, 0)], NEVER),  # retries_per_trial
        (KILLED, 30 * [lost(MOVED, 0)], SAME),  # which count for nothing
        (KILLED, 30 * [lost(FaultKind.STORAGE, 0)], SAME),
        (FaultKind.STORAGE, 30 * [lost(KILLED)], Retry.AFTER_RESUME),
    ],
)
def test_what_was_lost_before_counts(
    fault: FaultKind, past: list[LostAttempt], retry: Retry
) -> None:
    assert decide(fault, past) is retry


@pytest.mark.parametrize(
    ("gpus", "past", "retry"),
    [
        (0.25, [], Retry.WHOLE_GPU),
        (0.25, [lost(KILLED)], Retry.WHOLE_GPU),
        (0.25, [lost(GPU, retry=Retry.WHOLE_GPU)], NEVER),
        (1.0, [], NEVER),
        (2.0, [], NEVER),
    ],
)
def test_a_share_of_a_gpu_that_was_not_enough_becomes_a_whole_one_once(
    gpus: float, past: list[LostAttempt], retry: Retry
) -> None:
    assert decide(GPU, past, gpus_per_trial=gpus) is retry


def test_the_number_of_retries_is_the_users() -> None:
    assert decide(KILLED, kills_in_a_row=0) is NEVER
    assert decide(KILLED, 4 * [lost(KILLED)], kills_in_a_row=5) is SAME
    assert decide(HUNG, [lost(KILLED)], retries_per_trial=1) is NEVER


@pytest.mark.parametrize(
    ("fault", "past", "words"),
    [
        (KILLED, [lost(KILLED)], "retry 2 of 3 without a new evaluation"),
        (KILLED, 3 * [lost(KILLED)], "not retried: killed 4 times without a new evaluation"),
        (MOVED, [], "its node was lost, which is not counted against the trial"),
        (HUNG, [lost(HUNG)], "not retried: it happened once before"),
        (HUNG, 10 * [lost(KILLED)], "not retried: the limit of 10 a trial is reached"),
        (FaultKind.BAD_DATA, [], "not retried: the same data would fail again"),
    ],
)
def test_the_reason_is_told_in_words(fault: FaultKind, past: list[LostAttempt], words: str) -> None:
    assert decide_retry(fault, past, RetryRules(), num_evaluations=1).why == words
