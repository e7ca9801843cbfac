from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.decision.labels import TrueCurve, label_run, smoothed

TIME = np.arange(40)
FALLING = 0.05 + 1.0 * np.exp(-TIME / 4.0)
ALL = np.minimum(1.0, TIME / 10.0)


def curve(
    distance: Sequence[float] | np.ndarray,
    modes: Sequence[float] | np.ndarray = ALL,
    *,
    spread: float = 1.0,
    is_finite: bool = True,
) -> TrueCurve:
    distances, masses = ([float(value) for value in values] for values in (distance, modes))
    return TrueCurve(distances, masses, [spread] * len(distances), is_finite)


LATE = TIME >= 25
CASES = {
    "converged": curve(FALLING),
    "improving": curve(1.05 / (1 + TIME) ** 0.8),
    "plateaued": curve(np.maximum(FALLING, 0.4)),
    "degraded": curve(np.where(LATE, 0.3, FALLING)),
    "collapsed": curve(np.where(LATE, 0.5, FALLING), np.where(LATE, 0.3, ALL)),
    "diverged": curve(np.where(LATE, 9.0, FALLING), np.where(LATE, 0.0, ALL), spread=3.0),
    "oscillating": curve(0.3 * np.exp(0.6 * np.sin(TIME / 1.5)) + FALLING - FALLING[-1]),
    "dead": curve(FALLING, is_finite=False),
}


@pytest.mark.parametrize("kind", CASES)
def test_each_end_is_named(kind: str) -> None:
    assert label_run(CASES[kind], family_best=0.05).kind == kind


def test_few_things_over_and_over_are_collapsed_even_far_off() -> None:
    narrow = curve(np.where(LATE, 9.0, FALLING), np.where(LATE, 0.1, ALL), spread=0.1)
    assert label_run(narrow, family_best=0.05).kind == "collapsed"


@pytest.mark.parametrize(("spread", "kind"), [(0.1, "collapsed"), (0.9, "plateaued")])
def test_what_never_learnt_is_called_by_how_varied_it_ends(spread: float, kind: str) -> None:
    untrained = curve(np.full(40, 1.0), np.full(40, 0.1), spread=spread)
    assert label_run(untrained, family_best=0.05).kind == kind


def test_what_is_slow_to_start_has_not_collapsed() -> None:
    starting = curve(np.linspace(1.0, 0.87, 40), np.full(40, 0.1), spread=0.1)
    assert label_run(starting, family_best=0.05).kind == "improving"


@pytest.mark.parametrize(("level", "viable"), [(0.05, True), (0.35, True), (0.5, False)])
def test_viable_is_close_to_the_best_of_the_family(level: float, *, viable: bool) -> None:
    assert label_run(curve(np.maximum(FALLING, level)), family_best=0.05).is_viable is viable


def test_a_single_lucky_measurement_does_not_count() -> None:
    assert smoothed([5.0, 5.0, 1.0, 5.0, 5.0]) == [5.0] * 5
