"""What a sweep will cost, before it costs anything: pure arithmetic on its configuration."""

from dataclasses import dataclass
from math import ceil

from orchestrator.config.model import SweepConfig
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.scheduler import Scheduler


@dataclass(frozen=True, kw_only=True)
class PlannedRung:
    """A place on the budget where trials are compared, and how many are expected there.

    ``kimg`` is that of the evaluation at which it is decided, the first at the rung or past it.
    """

    kimg: float
    trials_in: float
    trials_out: float


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """A sweep in numbers. What verdicts will save cannot be known and is not counted."""

    num_trials: int
    kimg_per_trial: float
    evaluations_per_trial: int
    rungs: tuple[PlannedRung, ...]
    concurrent: int

    @property
    def full_kimg(self) -> float:
        """What it costs to give every trial its whole budget."""
        return self.num_trials * self.kimg_per_trial

    @property
    def expected_kimg(self) -> float:
        """What it costs when rungs stop as many trials as they do in expectation."""
        cost, reached = 0.0, 0.0
        for rung in self.rungs:
            cost += rung.trials_in * (rung.kimg - reached)
            reached = rung.kimg
        left = self.rungs[-1].trials_out if self.rungs else self.num_trials
        return cost + left * (self.kimg_per_trial - reached)


def plan_sweep(config: SweepConfig, scheduler: Scheduler, *, concurrent: int) -> SweepPlan:
    """Plan a sweep under a scheduler that has seen nothing yet.

    Asynchronous halving keeps 1/reduction of a large cohort at each rung; of a small one it keeps
    more, since the first to come are compared with few.

    Args:
        config: the resolved sweep.
        scheduler: as built for it.
        concurrent: how many trials run at once.
    """
    rungs_nimg = (
        [rung.nimg for rung in scheduler.rungs] if isinstance(scheduler, AshaScheduler) else []
    )
    budget, every = config.budget.nimg_per_trial, config.evaluation.every_nimg
    rungs, trials = [], float(config.search.trials)
    for nimg in rungs_nimg:
        decided_nimg = min(budget, ceil(nimg / every) * every)
        kept = trials / config.scheduler.reduction
        rungs.append(PlannedRung(kimg=decided_nimg / 1000, trials_in=trials, trials_out=kept))
        trials = kept
    return SweepPlan(
        num_trials=config.search.trials,
        kimg_per_trial=config.budget.kimg_per_trial,
        evaluations_per_trial=ceil(budget / every) + 1,  # the untrained state is measured, too
        rungs=tuple(rungs),
        concurrent=concurrent,
    )


def describe_plan(plan: SweepPlan) -> list[str]:
    """Say a plan in lines of text."""
    lines = [
        f"{plan.num_trials} trials of up to {plan.kimg_per_trial:g} kimg, "
        f"{plan.evaluations_per_trial} evaluations each, {plan.concurrent} at once",
    ]
    lines += [
        f"rung at {rung.kimg:g} kimg: about {rung.trials_in:.3g} trials come, "
        f"{rung.trials_out:.3g} go on"
        for rung in plan.rungs
    ] or ["no rung below the budget: no trial is stopped for being worse than others"]
    share = plan.expected_kimg / plan.full_kimg
    cost = f"about {plan.expected_kimg:,.0f} kimg, {share:.0%} of the full {plan.full_kimg:,.0f}"
    return [*lines, f"{cost}; trials that prove broken or flat cost less"]
