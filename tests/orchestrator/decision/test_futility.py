from collections.abc import Callable
from dataclasses import replace
from math import exp, inf, isnan, log, sqrt

import numpy as np
import pytest
from scipy.stats import linregress

from orchestrator.decision.case import Case
from orchestrator.decision.curve import Curve
from orchestrator.decision.futility import (
    fit_line,
    gain_ahead,
    horizon_growth,
    trend_window,
)
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]
RULES = VerdictRules()


def growth_of(rows: list[Evaluation], budget_nimg: int | None = None) -> float:
    curve = Curve.of(rows)
    return horizon_growth(Case(curve, curve.index_of_best, RULES, 1.0, budget_nimg))


def test_the_slope_agrees_with_scipy_where_residuals_alternate() -> None:
    x = [0.0, 1.0, 2.5, 3.0, 4.0, 6.0]
    y = [1.0, 0.2, 0.9, 0.1, 0.8, 0.0]  # alternating: no autocorrelation to inflate the error
    line = fit_line(x, y)
    oracle = linregress(x, y)
    assert line.slope == pytest.approx(oracle.slope)
    assert line.standard_error == pytest.approx(oracle.stderr)
    assert line.residuals == pytest.approx(y - (oracle.intercept + oracle.slope * np.array(x)))


def test_persistent_residuals_inflate_the_error_as_ar1() -> None:
    x = np.arange(40.0)
    y = np.sin(x / 3.0)
    oracle = linregress(x, y)
    residuals = y - oracle.intercept - oracle.slope * x
    r = min(0.9, float((residuals[1:] * residuals[:-1]).sum() / (residuals**2).sum()))
    inflated = oracle.stderr * sqrt((1 + r) / (1 - r))
    assert fit_line(list(x), list(y)).standard_error == pytest.approx(inflated)
    assert r > 0.5


def test_an_exact_line_has_no_error() -> None:
    line = fit_line([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0])
    assert (line.slope, line.standard_error) == (0.0, 0.0)


def test_without_spread_in_time_nothing_is_known_of_the_slope() -> None:
    assert fit_line([2.0, 2.0, 2.0], [1.0, 2.0, 3.0]).standard_error == inf


@pytest.mark.parametrize(("num_rows", "start"), [(27, None), (28, 8), (60, 40), (90, 60)])
def test_a_trend_is_judged_on_the_latest_part_but_twenty_rows_at_least(
    make_rows: MakeRows, num_rows: int, start: int | None
) -> None:
    assert trend_window(Curve.of(make_rows([10.0] * num_rows)), RULES, 1 / 3) == start


def hoped(rows: list[Evaluation], rules: VerdictRules = RULES) -> float:
    return gain_ahead(Curve.of(rows), rules, growth=1.5).hoped


def test_what_has_only_just_become_flat_is_seen_in_the_short_part(make_rows: MakeRows) -> None:
    fids = [200 * (1 + index) ** -0.8 for index in range(42)]
    rows = make_rows([*fids, *[fids[-1]] * 18])
    long_part = replace(RULES, plateau_fracs=(0.5,))
    assert hoped(rows) < 0.06 < hoped(rows, long_part)


def test_what_is_flat_but_noisy_is_seen_in_the_long_part(make_rows: MakeRows) -> None:
    rows = make_rows([10.0] * 100, log_noise=0.06, seed=1)
    short_part = replace(RULES, plateau_fracs=(0.3,))
    assert hoped(rows) < 0.06 < hoped(rows, short_part)


def test_a_decline_in_the_logarithm_of_time_is_carried_on_by_half(make_rows: MakeRows) -> None:
    power_law = Curve.of(make_rows([100 * (1 + index) ** -0.3 for index in range(40)]))
    for growth in (1.5, 3.0):
        gain = gain_ahead(power_law, RULES, growth=growth)
        assert gain.expected == pytest.approx(0.3 * log(growth))
        assert gain.hoped == pytest.approx(gain.expected)


def test_a_straight_decline_is_not_believed_to_go_on_as_fast(make_rows: MakeRows) -> None:
    rows = make_rows([100 * exp(-0.01 * index) for index in range(40)])
    assert 0.5 * 0.2 < hoped(rows) < 0.2  # 0.2: twenty rows at the same pace


def test_it_is_too_early_before_warm_up_and_window_have_passed(make_rows: MakeRows) -> None:
    assert isnan(hoped(make_rows([10.0] * 27)))
    assert hoped(make_rows([10.0] * 28)) == pytest.approx(0.0, abs=1e-9)


def test_noise_leaves_more_to_hope_for_but_not_to_expect(make_rows: MakeRows) -> None:
    quiet, noisy = (
        gain_ahead(Curve.of(make_rows([10.0] * 40, log_noise=sd)), RULES, growth=1.5)
        for sd in (0.02, 0.2)
    )
    assert 0.0 < quiet.hoped < 0.10 < noisy.hoped
    assert quiet.hoped - quiet.expected == pytest.approx(
        0.1 * (noisy.hoped - noisy.expected), rel=0.1
    )


def test_a_rising_curve_has_nothing_to_gain(make_rows: MakeRows) -> None:
    assert hoped(make_rows([10 * exp(0.02 * index) for index in range(40)])) < 0.0


def test_the_unit_of_the_budget_does_not_matter(make_rows: MakeRows) -> None:
    rows = make_rows([10.0] * 40, log_noise=0.05)
    by_steps = [replace(row, nimg=0) for row in rows]
    late = [replace(row, nimg=0, step=row.step + 10**9) for row in rows]
    gains = [hoped(some) for some in (rows, by_steps, late)]
    assert gains == pytest.approx([gains[0]] * 3)


@pytest.mark.parametrize(
    ("last_fid", "budget_nimg", "growth"),
    [
        (40.0, None, 1.5),
        (40.0, 300_000, 1.5),  # three quarters of it are spent: half again is further
        (40.0, 900_000, 900 / 290),
        (60.0, None, 2.0),
        (60.0, 300_000, 2.0),
        (60.0, 2_900_000, 10.0),
    ],
)
def test_hope_extends_to_the_budget_and_further_for_what_has_not_taken_off(
    make_rows: MakeRows, last_fid: float, budget_nimg: int | None, growth: float
) -> None:
    rows = make_rows([100.0] + [last_fid] * 29)
    assert growth_of(rows, budget_nimg) == pytest.approx(growth)


@pytest.mark.parametrize(("coverage", "growth"), [(0.05, 2.0), (0.2, 1.5)])
def test_a_low_fid_without_a_real_that_is_reached_is_no_take_off(
    make_rows: MakeRows, coverage: float, growth: float
) -> None:
    rows = make_rows([100.0] + [40.0] * 29, [0.0, coverage] + [0.0] * 28)
    assert growth_of(rows) == growth


def test_without_images_the_budget_says_nothing(make_rows: MakeRows) -> None:
    rows = [replace(row, nimg=0) for row in make_rows([100.0] + [40.0] * 29)]
    assert growth_of(rows, 10**9) == 1.5
