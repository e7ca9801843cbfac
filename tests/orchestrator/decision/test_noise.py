from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest

from orchestrator.decision.curve import Curve
from orchestrator.decision.noise import metric_noise, wobble
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
