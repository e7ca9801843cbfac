"""What may stop a single run, each over a range of its eagerness: contender, setting, rule."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from benchmarks.decision.bank import LabelledRun
from benchmarks.decision.baselines import (
    StopRule,
    coin_flip,
    generator_loss_patience,
    lag_test,
    patience,
)
from benchmarks.decision.comparison import FULL, OURS
from benchmarks.decision.front import Point
from benchmarks.decision.scoring import regrets_of, used_frac
from benchmarks.decision.verdicts import stop_of
from orchestrator.decision.rules import VerdictRules

Stop = Callable[[LabelledRun], int | None]

PATIENCES = (3, 5, 8, 10, 12, 15, 20, 25)
_LAGS = (3, 4, 6, 8, 10, 12, 15, 20)
_COIN_FLIPS = (1, 2, 3, 5, 8)
_MIN_GAINS = (0.0, 0.02, 0.04, VerdictRules().min_gain_frac, 0.10, 0.15, 0.20, 0.30)


def never(run: LabelledRun) -> int | None:
    """Spend the whole budget."""
    return None


def _verdict(min_gain_frac: float, run: LabelledRun) -> int | None:
    return stop_of(run, min_gain_frac)


def _by_curve(rule: StopRule, run: LabelledRun) -> int | None:
    return rule(run.evaluations)


def _gain(min_gain_frac: float) -> str:
    return f"gain {min_gain_frac:.3g}"


OUR_SETTING = _gain(VerdictRules().min_gain_frac)

STOPS: Mapping[str, Mapping[str, Stop]] = {
    FULL: {"": never},
    OURS: {_gain(gain): partial(_verdict, gain) for gain in _MIN_GAINS},
    "patience": {f"{k} rows": partial(_by_curve, patience(k)) for k in PATIENCES},
    "lag test": {f"{lag} rows": partial(_by_curve, lag_test(lag)) for lag in _LAGS},
    "patience on G's loss": {
        f"{k} rows": partial(_by_curve, generator_loss_patience(k)) for k in PATIENCES
    },
    "D accuracy 50 %": {f"{k} in a row": partial(_by_curve, coin_flip(k)) for k in _COIN_FLIPS},
}


def measure_stops(
    runs: Sequence[LabelledRun], contenders: Mapping[str, Mapping[str, Stop]] = STOPS
) -> dict[str, list[Point]]:
    """Stop every run by every setting of every contender."""
    return {
        name: [
            stop_point(setting, runs, {run.run: stop(run) for run in runs})
            for setting, stop in settings.items()
        ]
        for name, settings in contenders.items()
    }


def stop_point(setting: str, runs: Sequence[LabelledRun], stops: Mapping[str, int | None]) -> Point:
    """Return the compute that stops use of all runs, and the regret of each viable one."""
    viable = [run for run in runs if run.label.is_viable]
    return Point(setting, used_frac(runs, stops), regrets_of(viable, stops))
