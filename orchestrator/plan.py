"""What a sweep will cost, before it costs anything: pure arithmetic on its configuration."""

from dataclasses import dataclass
from math import ceil

from orchestrator.config.model import SweepConfig
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.halving import plan_rounds
from orchestrator.decision.hyperband import HyperbandScheduler
from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.pbt import PbtScheduler
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
class Cost:
    """Thousands of images to train on, and evaluations to make."""

    kimg: float
    evaluations: float


@dataclass(frozen=True, kw_only=True)
class PlannedBracket:
    """Trials that are compared with each other, and the rungs where they are."""

    num_trials: float
    rungs: tuple[PlannedRung, ...] = ()

    def expected(self, kimg_per_trial: float, every_kimg: float) -> Cost:
        """What it costs when rungs pause as many trials as they do in expectation."""
        kimg = evaluations = reached_kimg = 0.0
        num_seen, trials = 0, self.num_trials
        stages = [(rung.kimg, rung.trials_out) for rung in self.rungs]
        for until_kimg, go_on in [*stages, (kimg_per_trial, 0.0)]:
            num_until = _evaluations_until(until_kimg, every_kimg)
            kimg += trials * (until_kimg - reached_kimg)
            evaluations += trials * (num_until - num_seen)
            reached_kimg, num_seen, trials = until_kimg, num_until, go_on
        return Cost(kimg=kimg, evaluations=evaluations)


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """A sweep in numbers. What verdicts will save cannot be known and is not counted.

    ``finals_evaluations`` is how many samples of fakes are scored at the end, at most: those of
    the finalists' snapshots, and the certificate's. ``median_from_kimg`` is from where on trials
    are compared with a median, None where they are not; what that saves depends on the trials and
    is not counted either. ``exploits_every_kimg`` is how often a trial may go on from another's
    weights, None where none does; that ends no trial.
    """

    num_trials: int
    kimg_per_trial: float
    evaluations_per_trial: int
    every_kimg: float
    brackets: tuple[PlannedBracket, ...]
    concurrent: int
    finals_evaluations: int
    num_replicates: int = 0
    median_from_kimg: float | None = None
    exploits_every_kimg: float | None = None

    @property
    def full(self) -> Cost:
        """What it costs to give every trial of the search its whole budget."""
        return Cost(
            kimg=self.num_trials * self.kimg_per_trial,
            evaluations=self.num_trials * self.evaluations_per_trial,
        )

    @property
    def retraining(self) -> Cost:
        """What it costs at most to train the finalists anew."""
        return Cost(
            kimg=self.num_replicates * self.kimg_per_trial,
            evaluations=self.num_replicates * self.evaluations_per_trial,
        )

    @property
    def expected(self) -> Cost:
        """What the search costs in expectation."""
        costs = [each.expected(self.kimg_per_trial, self.every_kimg) for each in self.brackets]
        return Cost(
            kimg=sum(cost.kimg for cost in costs),
            evaluations=sum(cost.evaluations for cost in costs),
        )


def plan_sweep(config: SweepConfig, scheduler: Scheduler, *, concurrent: int) -> SweepPlan:
    """Plan a sweep under a scheduler that has seen nothing yet.

    Asynchronous halving lets 1/reduction of a large cohort go on from each rung. It lets more go
    on where scores tie, and where those that came first turn out to be outclassed later.

    Args:
        config: the resolved sweep.
        scheduler: as built for it.
        concurrent: how many trials run at once.
    """
    budget, every = config.budget.nimg_per_trial, config.evaluation.every_nimg
    is_median = isinstance(scheduler, MedianScheduler)
    is_population = isinstance(scheduler, PbtScheduler)
    return SweepPlan(
        num_trials=config.num_trials,
        kimg_per_trial=config.budget.kimg_per_trial,
        evaluations_per_trial=_evaluations_until(budget / 1000, every / 1000),
        every_kimg=every / 1000,
        brackets=_plan_brackets(config, scheduler),
        concurrent=concurrent,
        finals_evaluations=_finals_evaluations(config),
        num_replicates=config.num_trainings - config.num_trials,
        median_from_kimg=config.scheduler.grace_kimg if is_median else None,
        exploits_every_kimg=config.scheduler.interval_kimg if is_population else None,
    )


def describe_plan(plan: SweepPlan) -> list[str]:
    """Say a plan in lines of text."""
    lines = [
        f"{plan.num_trials} trials of up to {plan.kimg_per_trial:g} kimg, "
        f"{plan.evaluations_per_trial} evaluations each, {plan.concurrent} at once",
    ]
    for number, bracket in enumerate(plan.brackets):
        name = f"bracket {number}, " if len(plan.brackets) > 1 else ""
        lines += _describe_bracket(name, bracket)
    if plan.median_from_kimg is not None:
        lines[1:] = [
            f"from {plan.median_from_kimg:g} kimg on, trials worse than the median are stopped; "
            "how many is not known"
        ]
    if plan.exploits_every_kimg is not None:
        lines[1:] = [
            f"every {plan.exploits_every_kimg:g} kimg, trials significantly worse than the best go "
            "on from the weights of these; none is stopped for it"
        ]
    full, expected = plan.full, plan.expected
    share = expected.kimg / full.kimg
    has_rungs = any(bracket.rungs for bracket in plan.brackets)
    ties = "where scores tie, up to half as many more go on; " if has_rungs else ""
    anew = (
        f"then the finalists are trained anew: {plan.num_replicates} trainings, "
        f"up to {plan.retraining.kimg:,.0f} kimg more"
    )
    return [
        *lines,
        f"about {expected.kimg:,.0f} kimg, {share:.0%} of the full {full.kimg:,.0f}; {ties}"
        "trials that prove broken or flat cost less",
        f"about {expected.evaluations:,.0f} evaluations, of at most {full.evaluations:,.0f}; "
        f"the finals make {plan.finals_evaluations:,} more at most",
        *([anew] if plan.num_replicates else []),
    ]


def _evaluations_until(kimg: float, every_kimg: float) -> int:
    """Count a trial's evaluations up to here; the untrained state is measured, too."""
    return ceil(round(kimg / every_kimg, 6)) + 1


def _finals_evaluations(config: SweepConfig) -> int:
    rule = config.selection
    num_trained = _evaluations_until(config.budget.kimg_per_trial, config.evaluation.every_kimg) - 1
    num_kept = min(rule.snapshots + 1, num_trained)  # the best, and the last
    rounds = plan_rounds(num_kept, rule.seeds)
    num_entrants = config.num_finalists * (1 + rule.retrain_seeds)
    return num_entrants * sum(each.num_candidates * len(each.draws) for each in rounds) + 1


def _plan_brackets(config: SweepConfig, scheduler: Scheduler) -> tuple[PlannedBracket, ...]:
    trials = config.num_trials
    if isinstance(scheduler, AshaScheduler):
        return (_plan_bracket(config, scheduler, trials),)
    if isinstance(scheduler, HyperbandScheduler):
        total = sum(scheduler.weights)
        return tuple(
            _plan_bracket(config, bracket, trials * weight / total)
            for bracket, weight in zip(scheduler.brackets, scheduler.weights, strict=True)
        )
    return (PlannedBracket(num_trials=trials),)


def _plan_bracket(
    config: SweepConfig, scheduler: AshaScheduler, num_trials: float
) -> PlannedBracket:
    budget, every = config.budget.nimg_per_trial, config.evaluation.every_nimg
    rungs, trials = [], num_trials
    for rung in scheduler.rungs:
        decided_nimg = min(budget, ceil(rung.nimg / every) * every)
        kept = trials / config.scheduler.reduction
        rungs.append(PlannedRung(kimg=decided_nimg / 1000, trials_in=trials, trials_out=kept))
        trials = kept
    return PlannedBracket(num_trials=num_trials, rungs=tuple(rungs))


def _describe_bracket(name: str, bracket: PlannedBracket) -> list[str]:
    return [
        f"{name}rung at {rung.kimg:g} kimg: about {rung.trials_in:.3g} trials come, "
        f"{rung.trials_out:.3g} go on"
        for rung in bracket.rungs
    ] or [
        f"{name}about {bracket.num_trials:.3g} trials spend their whole budget"
        if name
        else "no rung below the budget: no trial is stopped for being worse than others"
    ]
