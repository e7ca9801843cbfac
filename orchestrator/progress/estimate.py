"""How far a sweep is, and how long it will still take, from the images seen so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from statistics import mean
from typing import Self

from orchestrator.config.model import BudgetConfig, SweepConfig
from orchestrator.records import TrialRecord, TrialStatus


@dataclass(frozen=True)
class Plan:
    """What a sweep set out to do.

    Attributes:
        num_trials: how many trials.
        budget_nimg: the most images that one may see.
        gpus_per_trial: share of a GPU that a trial occupies.
        budget: with the caps.
    """

    num_trials: int
    budget_nimg: int
    gpus_per_trial: float = 0.0
    budget: BudgetConfig = BudgetConfig()

    @classmethod
    def of(cls, config: SweepConfig) -> Self:
        """Return the plan of a spec."""
        return cls(
            num_trials=config.num_trainings,
            budget_nimg=config.budget.nimg_per_trial,
            gpus_per_trial=config.resources.gpus_per_trial,
            budget=config.budget,
        )


@dataclass(frozen=True)
class Tally:
    """How many trials are in which state, and the images seen and still expected."""

    num_done: int
    num_running: int
    num_paused: int
    num_planned: int
    seen_nimg: int
    left_nimg: float


def tally(records: Sequence[TrialRecord], plan: Plan, *, is_closed: bool = False) -> Tally:
    """Count trials and images.

    A trial that has not begun is expected to cost what those cost on average that ended or are
    paused, and its whole budget while there is none. Paused ones are expected to stay so, for
    most do, and running ones to use their whole budget, though rungs will pause some: what the
    one leaves out the other makes up for, by and large. What rungs let go on in expectation is
    no better guide, for scores that tie let more go on. Where proposing has ended
    (``is_closed``), none is expected beyond those that were proposed.
    """
    num_planned = len(records) if is_closed else max(plan.num_trials, len(records))
    done = [record.nimg for record in records if record.status.is_finished]
    paused = [record.nimg for record in records if record.status is TrialStatus.PAUSED]
    running = [record.nimg for record in records if record.status is TrialStatus.RUNNING]
    num_waiting = num_planned - len(done) - len(paused) - len(running)
    expected_nimg = mean(done + paused) if done or paused else plan.budget_nimg
    left_running = sum(max(plan.budget_nimg - nimg, 0) for nimg in running)
    return Tally(
        num_done=len(done),
        num_running=len(running),
        num_paused=len(paused),
        num_planned=num_planned,
        seen_nimg=sum(record.nimg for record in records),
        left_nimg=left_running + num_waiting * expected_nimg,
    )


def seconds_left(now: Tally, start: Tally, elapsed_s: float) -> float:
    """Return the time still needed at the rate since ``start``; NaN until images were seen."""
    rate = (now.seen_nimg - start.seen_nimg) / elapsed_s if elapsed_s > 0 else 0.0
    return now.left_nimg / rate if rate > 0 else nan


def format_duration(seconds: float) -> str:
    """Write a duration: ``42 s``, ``3:05 min``, ``2:03 h``; ``?`` where it is not known.

    >>> format_duration(185), format_duration(float("nan"))
    ('3:05 min', '?')
    """
    if seconds != seconds:
        return "?"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    big, small = divmod(whole if whole < 3600 else round(seconds / 60), 60)
    return f"{big}:{small:02d} {'min' if whole < 3600 else 'h'}"
