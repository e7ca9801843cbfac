"""Where a sweep will end at its present pace, and whether a cap will end it before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite, nan

from orchestrator.config.model import BudgetConfig
from orchestrator.history import SweepHistory
from orchestrator.progress.estimate import Plan, Tally


@dataclass(frozen=True, kw_only=True)
class Projection:
    """What a sweep will have spent in the end without caps; NaN until images were seen.

    Attributes:
        hours: that drivers are alive, over all resumes.
        gpu_hours: of training and of being evaluated.
        left_s: seconds until then.
    """

    hours: float
    gpu_hours: float
    left_s: float


def project(history: SweepHistory, now: Tally, plan: Plan, left_s: float) -> Projection:
    """Go on from what was spent: hours by the time that is left, GPU hours by images seen."""
    gpu_hours = history.trial_s / 3600 * plan.gpus_per_trial
    growth = 1 + now.left_nimg / now.seen_nimg if now.seen_nimg > 0 else nan
    return Projection(
        hours=(history.used_s + left_s) / 3600, gpu_hours=gpu_hours * growth, left_s=left_s
    )


def warnings(projection: Projection, budget: BudgetConfig) -> list[str]:
    """Say which caps will cut the sweep short; none where nothing is left to be cut."""
    if not projection.left_s > 0:
        return []
    return [
        f"budget.{name} = {cap:g} will cut the sweep short: {expected:.3g} {unit} expected at "
        "this pace"
        for name, expected, cap, unit in _against_caps(projection, budget)
        if expected > cap
    ]


def describe_against_caps(projection: Projection, budget: BudgetConfig) -> str:
    """Give what is expected beside each cap: ``26.3 of 24 h``; nothing where there is no cap."""
    return ", ".join(
        f"{expected:.3g} of {cap:g} {unit}" if isfinite(expected) else f"? of {cap:g} {unit}"
        for _, expected, cap, unit in _against_caps(projection, budget)
    )


def format_end(left_s: float, now: datetime) -> str:
    """Write when the time that is left is over: ``14:32``, with the date unless it is today.

    >>> format_end(5400, datetime(2030, 1, 31, 13, 2)), format_end(86400, datetime(2030, 1, 31))
    ('14:32', '1 Feb 00:00')
    """
    if not isfinite(left_s):
        return "?"
    end = now + timedelta(seconds=left_s)
    return f"{end:%H:%M}" if end.date() == now.date() else f"{end.day} {end:%b %H:%M}"


def _against_caps(
    projection: Projection, budget: BudgetConfig
) -> list[tuple[str, float, float, str]]:
    """Return key, what is expected, cap and unit of each cap in hours that is set."""
    caps = (
        ("max_hours", projection.hours, budget.max_hours, "h"),
        ("max_gpu_hours", projection.gpu_hours, budget.max_gpu_hours, "GPU h"),
    )
    return [(name, expected, cap, unit) for name, expected, cap, unit in caps if cap is not None]
