from collections.abc import Callable
from dataclasses import replace
from math import isnan, nan

import pytest

from orchestrator.decision.curve import Curve
from orchestrator.decision.noise import metric_noise, noise_beside_trend, wobble
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]
RULES = VerdictRules(noise_window=400)


def test_half_samples_give_the_standard_deviation_of_their_mean(make_rows: MakeRows) -> None:
    falling = [100.0 * 0.9**index for index in range(400)]  # a trend that the halves share
    curve = Curve.of(make_rows(falling, log_noise=0.08))
    assert metric_noise(curve, 400, RULES) == pytest.approx(0.08 / 2**0.5, rel=0.15)


def test_successive_rows_stand_in_for_half_samples(make_rows: MakeRows) -> None:
    rows = make_rows([50.0] * 400, log_noise=0.08)
    curve = Curve.of([replace(row, fid_a=nan, fid_b=nan) for row in rows])
    assert metric_noise(curve, 400, RULES) == pytest.approx(0.08 / 2**0.5, rel=0.15)


def test_one_wild_evaluation_does_not_move_the_noise(make_rows: MakeRows) -> None:
    rows = make_rows([50.0] * 20, log_noise=0.05)
    wild = [*rows[:10], replace(rows[10], fid=5e6, fid_a=1e9, fid_b=1e-9), *rows[11:]]
    before, after = (metric_noise(Curve.of(some), 20, VerdictRules()) for some in (rows, wild))
    assert after == pytest.approx(before, rel=0.25)


def test_nothing_after_the_row_in_question_is_seen(make_rows: MakeRows) -> None:
    rows = make_rows([50.0] * 30, log_noise=0.05)
    changed = [*rows[:20], *(replace(row, fid=1.0, fid_a=1.0, fid_b=9.0) for row in rows[20:])]
    for estimate in (metric_noise, wobble):
        assert estimate(Curve.of(rows), 20, VerdictRules()) == estimate(
            Curve.of(changed), 20, VerdictRules()
        )


def test_wobble_counts_what_training_adds_to_the_metric(make_rows: MakeRows) -> None:
    swinging = [50.0, 80.0] * 10
    rows = [replace(row, fid_a=row.fid, fid_b=row.fid) for row in make_rows(swinging)]
    curve = Curve.of(rows)
    assert metric_noise(curve, 20, VerdictRules()) == 0.0
    assert wobble(curve, 20, VerdictRules()) > 0.4


@pytest.mark.parametrize("half", [0.0, -1.0, float("inf"), nan])
def test_a_half_without_a_logarithm_does_not_count(make_rows: MakeRows, half: float) -> None:
    rows = [replace(row, fid_a=half, fid_b=50.0) for row in make_rows([50.0] * 10)]
    assert metric_noise(Curve.of(rows), 10, VerdictRules()) == 0.0


def test_a_single_row_has_no_noise(make_rows: MakeRows) -> None:
    curve = Curve.of(make_rows([50.0]))
    assert metric_noise(curve, 1, VerdictRules()) == wobble(curve, 1, VerdictRules()) == 0.0


@pytest.mark.parametrize("has_halves", [True, False])
def test_noise_is_told_from_a_steep_fall(make_rows: MakeRows, has_halves: bool) -> None:
    falling = [1e9 * 0.9**index for index in range(400)]
    rows = make_rows(falling, log_noise=0.04)
    curve = Curve.of(rows if has_halves else [replace(row, fid_a=nan, fid_b=nan) for row in rows])
    assert noise_beside_trend(curve, RULES) == pytest.approx(0.04 / 2**0.5, rel=0.15)


def test_a_straight_fall_has_no_noise_and_two_rows_tell_nothing(make_rows: MakeRows) -> None:
    straight = Curve.of(make_rows([100.0, 50.0, 25.0, 12.5]))
    assert noise_beside_trend(straight, RULES) == pytest.approx(0.0, abs=1e-12)
    assert isnan(noise_beside_trend(Curve.of(make_rows([100.0, 50.0])), RULES))


def test_noise_beside_a_trend_is_that_of_the_latest_rows(make_rows: MakeRows) -> None:
    early, late = make_rows([50.0] * 30, log_noise=0.3), make_rows([50.0] * 20, log_noise=0.02)
    rows = [*early, *(replace(row, step=row.step + 9000, nimg=10**6 + row.nimg) for row in late)]
    noise = noise_beside_trend(Curve.of(rows), VerdictRules(noise_window=20))
    assert noise == noise_beside_trend(Curve.of(late), VerdictRules(noise_window=20))
