from collections.abc import Callable

import numpy as np
import pytest

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.oscillation import is_oscillating, swing_of
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]
TIME = np.arange(60)


def case_of(rows: list[Evaluation]) -> Case:
    return Case(Curve.of(rows), best=0, rules=VerdictRules(), self_coverage=0.97)


def swinging(amplitude: float, period: float = 8.0) -> np.ndarray:
    return np.asarray(20.0 * np.exp(amplitude * np.sin(2 * np.pi * TIME / period)))


def test_a_wave_strays_by_its_amplitude_over_root_two_and_turns_twice_a_period(
    make_rows: MakeRows,
) -> None:
    strayed, turns = swing_of(case_of(make_rows(swinging(0.6), log_noise=0.01)))
    assert strayed == pytest.approx(0.6 / 2**0.5, rel=0.05)
    assert turns == pytest.approx(30 / 4, abs=1)


@pytest.mark.parametrize(
    ("curve", "noise", "expected"),
    [
        (swinging(0.6), 0.01, True),
        (swinging(0.3), 0.01, False),
        (swinging(0.6, period=80.0), 0.01, False),
        (np.full(60, 20.0), 0.5, False),
        (20.0 * (1 + TIME) ** -0.9, 0.01, False),
        (np.where(TIME > 45, 60.0, 20.0), 0.01, False),
    ],
    ids=["a wave", "a small wave", "half a wave", "noise alone", "a trend", "a step"],
)
def test_only_wide_and_repeated_swings_beyond_the_noise_count(
    make_rows: MakeRows, curve: np.ndarray, noise: float, expected: bool
) -> None:
    assert is_oscillating(case_of(make_rows(curve, log_noise=noise))) is expected


def test_a_short_record_does_not_oscillate(make_rows: MakeRows) -> None:
    assert swing_of(case_of(make_rows(swinging(0.6)[:20]))) == (0.0, 0)


@pytest.mark.parametrize("factor", [5.0, 8.0, 100.0, 0.01])
@pytest.mark.parametrize("wild", [35, 45, 58])
def test_one_wild_evaluation_is_no_swing(make_rows: MakeRows, factor: float, wild: int) -> None:
    falling = 200.0 * (1 + TIME) ** -0.5
    falling[wild] *= factor
    assert not is_oscillating(case_of(make_rows(falling, log_noise=0.02)))
