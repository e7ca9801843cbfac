"""What may schedule a cohort, each over a range of its eagerness: contender, setting, policy.

Where a policy has a first rung, a grace or a warm-up, it is put where ours is, and at factors of
that; other knobs take values around what they are shipped with.
"""

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.decision.baselines import lag_test, patience
from benchmarks.decision.cohorts import NoisyCohort
from benchmarks.decision.comparison import FULL, OURS
from benchmarks.decision.curve_rule import CurveRuleScheduler
from benchmarks.decision.optuna_pruners import (
    optuna_halving,
    optuna_hyperband,
    optuna_median,
    optuna_patient_median,
    optuna_wilcoxon,
)
from benchmarks.decision.ray_asha import ray_asha, ray_median
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.hyperband import HyperbandScheduler
from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.rules import VerdictRules
from orchestrator.decision.scheduler import Scheduler
from orchestrator.simulation.cohort import AXIS_UNITS
from orchestrator.simulation.policies import JointScheduler

Make = Callable[[NoisyCohort], Scheduler]

_REDUCTIONS = (2, 3, 4)
_GRACES = (0.5, 1.0, 2.0, 4.0)
_STRICTNESS = (0.02, 0.15, 0.30)
_PATIENCES = (2, 3, 5, 8, 12, 20)
_MIN_TRIALS_OF_A_MEDIAN = 4


def full(cohort: NoisyCohort) -> Scheduler:
    """Spend the whole budget on every run."""
    return FullScheduler()


def _ours(reduction: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    return _with_verdicts(reduction, factor, VerdictRules().min_gain_frac, cohort)


def _with_verdicts(
    reduction: int, factor: float, min_gain_frac: float, cohort: NoisyCohort
) -> Scheduler:
    halving = AshaScheduler(
        grace_nimg=_grace(factor, cohort), reduction=reduction, budget_nimg=AXIS_UNITS
    )
    return JointScheduler(halving, cohort.verdicts(min_gain_frac))


def _bare_halving(reduction: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    grace = _grace(factor, cohort)
    return AshaScheduler(grace_nimg=grace, reduction=reduction, budget_nimg=AXIS_UNITS, tie_sds=0.0)


def _hyperband(reduction: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    grace = _grace(factor, cohort)
    return HyperbandScheduler(grace_nimg=grace, reduction=reduction, budget_nimg=AXIS_UNITS)


def _median(factor: float, cohort: NoisyCohort) -> Scheduler:
    grace = _grace(factor, cohort)
    return MedianScheduler(grace_nimg=grace, min_trials=_MIN_TRIALS_OF_A_MEDIAN)


def _verdicts(min_gain_frac: float, cohort: NoisyCohort) -> Scheduler:
    return cohort.verdicts(min_gain_frac)


def _patience(k: int, cohort: NoisyCohort) -> Scheduler:
    return CurveRuleScheduler(patience(k))


def _lag_test(lag: int, cohort: NoisyCohort) -> Scheduler:
    return CurveRuleScheduler(lag_test(lag))


def _ray_asha(reduction: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    return ray_asha(grace=_grace(factor, cohort), reduction=reduction, budget=AXIS_UNITS)


def _ray_median(factor: float, cohort: NoisyCohort) -> Scheduler:
    return ray_median(grace=_grace(factor, cohort))


def _optuna_median(start_up: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    return optuna_median(start_up=start_up, warm_up=cohort.grace_rows(factor) if factor else 0)


def _optuna_patient(k: int, cohort: NoisyCohort) -> Scheduler:
    return optuna_patient_median(patience=k)


def _optuna_wilcoxon(p_threshold: float, cohort: NoisyCohort) -> Scheduler:
    return optuna_wilcoxon(p_threshold=p_threshold)


def _late_wilcoxon(factor: float, cohort: NoisyCohort) -> Scheduler:
    return optuna_wilcoxon(warm_up=cohort.grace_rows(factor))


def _optuna_halving(reduction: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    return optuna_halving(grace=cohort.grace_rows(factor), reduction=reduction)


def _optuna_hyperband(reduction: int, factor: float, cohort: NoisyCohort) -> Scheduler:
    return optuna_hyperband(grace=cohort.grace_rows(factor), reduction=reduction)


def _grace(factor: float, cohort: NoisyCohort) -> int:
    return min(round(factor * cohort.grace), AXIS_UNITS)


def _rung(reduction: int, factor: float) -> str:
    return f"1/{reduction}, grace x {factor:g}"


def _rungs(make: Callable[[int, float, NoisyCohort], Scheduler]) -> dict[str, Make]:
    return {_rung(r, f): partial(make, r, f) for r in _REDUCTIONS for f in _GRACES}


def _graces(make: Callable[[float, NoisyCohort], Scheduler]) -> dict[str, Make]:
    return {f"grace x {factor:g}": partial(make, factor) for factor in _GRACES}


def _rows(make: Callable[[int, NoisyCohort], Scheduler]) -> dict[str, Make]:
    return {f"{k} rows": partial(make, k) for k in _PATIENCES}


OUR_SETTING = _rung(3, 1.0)

POLICIES: Mapping[str, Mapping[str, Make]] = {
    FULL: {"": full},
    OURS: {
        **_rungs(_ours),
        **{f"gain {gain:g}": partial(_with_verdicts, 3, 1.0, gain) for gain in _STRICTNESS},
    },
    "our ASHA, no ties, no verdicts": _rungs(_bare_halving),
    "our Hyperband": _rungs(_hyperband),
    "our median": _graces(_median),
    "verdicts alone": {
        f"gain {gain:g}": partial(_verdicts, gain)
        for gain in (*_STRICTNESS, VerdictRules().min_gain_frac)
    },
    "patience": _rows(_patience),
    "lag test": _rows(_lag_test),
    "Ray ASHA": _rungs(_ray_asha),
    "Ray median": _graces(_ray_median),
    "Optuna median": {
        f"{start_up} first, grace x {factor:g}": partial(_optuna_median, start_up, factor)
        for start_up in (2, 5)  # as shipped: 5, without a grace
        for factor in (0.0, 1.0, 2.0)
    },
    "Optuna patient median": _rows(_optuna_patient),
    "Optuna Wilcoxon": {
        **{f"p {p:g}": partial(_optuna_wilcoxon, p) for p in (0.5, 0.1, 0.01)},  # shipped: 0.1
        "p 0.1, grace x 2": partial(_late_wilcoxon, 2.0),
    },
    "Optuna halving": {"as shipped": lambda cohort: optuna_halving(), **_rungs(_optuna_halving)},
    "Optuna Hyperband": {
        "as shipped": lambda cohort: optuna_hyperband(),
        **_rungs(_optuna_hyperband),
    },
}
