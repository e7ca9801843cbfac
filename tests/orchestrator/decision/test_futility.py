from collections.abc import Callable
from dataclasses import replace
from math import exp, isnan, sqrt

import numpy as np
import pytest
from scipy.stats import linregress

from orchestrator.decision.curve import Curve
from orchestrator.decision.futility import optimistic_gain, slope_and_error
from orchestrator.decision.rules import VerdictRules
from orchestrator.records import Evaluation

MakeRows = Callable[..., list[Evaluation]]
RULES = VerdictRules()


def test_the_slope_agrees_with_scipy_where_residuals_alternate() -> None:
    x = [0.0, 1.0, 2.5, 3.0, 4.0, 6.0]
    y = [1.0, 0.2, 0.9, 0.1, 0.8, 0.0]  # alternating: no autocorrelation to inflate the error
    slope, error = slope_and_error(x, y)
    oracle = linregress(x, y)
    assert slope == pytest.approx(oracle.slope)
    assert error == pytest.approx(oracle.stderr)


def test_persistent_residuals_inflate_the_error_as_ar1() -> None:
    x = np.arange(40.0)
    y = np.sin(x / 3.0)
    oracle = linregress(x, y)
    residuals = y - oracle.intercept - oracle.slope * x
    r = min(0.9, float((residuals[1:] * residuals[:-1]).sum() / (residuals**2).sum()))
    assert slope_and_error(list(x), list(y))[1] == pytest.approx(
        oracle.stderr * sqrt((1 + r) / (1 - r))
    )
    assert r > 0.5


def test_an_exact_line_has_no_error() -> None:
    assert slope_and_error([0.0, 1.0, 2.0, 3.0], [1.0, 1.0, 1.0, 1.0]) == (0.0, 0.0)


def test_an_exact_decline_is_carried_on_for_half_of_what_was_spent(make_rows: MakeRows) -> None:
    curve = Curve.of(make_rows([100 * exp(-0.01 * index) for index in range(40)]))
    assert optimistic_gain(curve, RULES) == pytest.approx(0.01 * 0.5 * 40)


def test_it_is_too_early_before_warm_up_and_window_have_passed(make_rows: MakeRows) -> None:
    assert isnan(optimistic_gain(Curve.of(make_rows([10.0] * 27)), RULES))
    gain = optimistic_gain(Curve.of(make_rows([10.0] * 28)), RULES)
    assert gain == pytest.approx(0.0, abs=1e-9)


def test_noise_leaves_more_to_hope_for(make_rows: MakeRows) -> None:
    quiet, noisy = (
        optimistic_gain(Curve.of(make_rows([10.0] * 40, log_noise=sd)), RULES) for sd in (0.02, 0.2)
    )
    assert 0.0 < quiet < 0.10 < noisy


def test_a_rising_curve_has_nothing_to_gain(make_rows: MakeRows) -> None:
    rising = [10 * exp(0.02 * index) for index in range(40)]
    assert optimistic_gain(Curve.of(make_rows(rising)), RULES) < 0.0


def test_the_unit_of_the_budget_does_not_matter(make_rows: MakeRows) -> None:
    rows = make_rows([10.0] * 40, log_noise=0.05)
    by_steps = [replace(row, nimg=0) for row in rows]
    late = [replace(row, nimg=0, step=row.step + 10**9) for row in rows]
    gains = [optimistic_gain(Curve.of(some), RULES) for some in (rows, by_steps, late)]
    assert gains == pytest.approx([gains[0]] * 3)
