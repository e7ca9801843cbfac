"""What a sweep costs in hours, once it is known how fast its trials train and are evaluated."""

from dataclasses import dataclass
from math import isfinite
from statistics import fmean

from orchestrator.config.model import SweepConfig
from orchestrator.history import SweepHistory
from orchestrator.plan import Cost, SweepPlan


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Seconds that one trial needs.

    Attributes:
        kimg_s: to train on a thousand images.
        evaluation_s: to be evaluated once.
        source: where that was measured, in words.
    """

    kimg_s: float
    evaluation_s: float
    source: str


def is_of_one_pace(config: SweepConfig, other: SweepConfig) -> bool:
    """Say whether trials of two specs cost the same: equal data, space, metric and resources."""
    names = ("data", "space", "fixed", "resources")
    measures = [(each.evaluation.samples, each.evaluation.features) for each in (config, other)]
    is_same_work = all(getattr(config, name) == getattr(other, name) for name in names)
    return is_same_work and measures[0] == measures[1]


def pace_of_run(history: SweepHistory, source: str) -> Pace | None:
    """Return the mean pace of a run's trials; None if none has trained."""
    trained = [each for each in history.records if isfinite(each.seconds) and each.nimg > 0]
    evaluations_s = [row.eval_seconds for row in history.evaluations if isfinite(row.eval_seconds)]
    if not trained or not evaluations_s:
        return None
    seconds, images = (sum(getattr(each, name) for each in trained) for name in ("seconds", "nimg"))
    return Pace(kimg_s=1000 * seconds / images, evaluation_s=fmean(evaluations_s), source=source)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """How long a sweep takes: on the clock, and in shares of GPUs."""

    hours: float
    gpu_hours: float


def hours_of(cost: Cost, plan: SweepPlan, pace: Pace, *, gpus_per_trial: float) -> Hours:
    """Turn a cost into hours: trials side by side as many as fit, and then the finals."""
    again = plan.retraining
    kimg, evaluations = cost.kimg + again.kimg, cost.evaluations + again.evaluations
    trial_h = (kimg * pace.kimg_s + evaluations * pace.evaluation_s) / 3600
    finals_h = plan.finals_evaluations * pace.evaluation_s / 3600
    side_by_side = min(plan.concurrent, plan.num_trials)
    return Hours(hours=trial_h / side_by_side + finals_h, gpu_hours=trial_h * gpus_per_trial)


def describe_hours(plan: SweepPlan, pace: Pace | None, config: SweepConfig) -> list[str]:
    """Say what a sweep costs in hours, as far as a pace is known, and what the caps allow."""
    lines, budget = [], config.budget
    if pace is None:
        lines += ["hours: not known without a measured pace; --time takes seconds to measure one"]
    else:
        gpus = config.resources.gpus_per_trial
        expected, full = (
            hours_of(cost, plan, pace, gpus_per_trial=gpus) for cost in (plan.expected, plan.full)
        )
        gpu_hours = f", {expected.gpu_hours:.3g} GPU h of {full.gpu_hours:.3g}" if gpus else ""
        lines += [
            f"about {expected.hours:.3g} h, of at most {full.hours:.3g}{gpu_hours} "
            f"({pace.kimg_s:.3g} s a kimg, {pace.evaluation_s:.3g} s an evaluation: {pace.source})"
        ]
        lines += _cut_short(expected, config)
    if budget.max_trials is not None and budget.max_trials < config.search.trials:
        lines += [f"budget.max_trials = {budget.max_trials} caps search.trials"]
    caps = [
        f"budget.{name} = {cap:g}"
        for name in ("max_hours", "max_gpu_hours", "max_trials")
        if (cap := getattr(budget, name)) is not None
    ]
    return [*lines, f"caps: {', '.join(caps) or 'none'}"]


def _cut_short(expected: Hours, config: SweepConfig) -> list[str]:
    caps = (
        ("max_hours", expected.hours, config.budget.max_hours),
        ("max_gpu_hours", expected.gpu_hours, config.budget.max_gpu_hours),
    )
    return [
        f"budget.{name} = {cap:g} would cut the sweep short"
        for name, hours, cap in caps
        if cap is not None and hours > cap
    ]
