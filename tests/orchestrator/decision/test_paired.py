import json
from itertools import product
from math import inf, isnan, log

import numpy as np
import pytest

from orchestrator.decision.paired import FEWEST_FOR_TEST, centre, compare


def shifted(values: list[float], *gaps: float) -> list[float]:
    return [value + gap for value, gap in zip(values, gaps, strict=True)]


BASE = [log(fid) for fid in (10, 13, 9, 16, 11, 8)]


def test_the_gap_is_that_of_pairs_however_far_seeds_lie_apart() -> None:
    found = compare(BASE, shifted(BASE, 0.1, 0.11, 0.09, 0.1, 0.12, 0.08), other="b")
    assert found.gap_frac == pytest.approx(np.expm1(0.1))
    assert found.is_better
    assert found.gap_low_frac < found.gap_frac < found.gap_high_frac
    assert (found.other, found.num_pairs) == ("b", 6)


def test_the_p_value_is_that_of_all_sign_flips() -> None:
    gaps = [0.3, 0.1, -0.05, 0.2, 0.15, 0.02]
    found = compare(BASE, shifted(BASE, *gaps), other="b")
    means = [np.mean(np.multiply(signs, gaps)) for signs in product((-1, 1), repeat=6)]
    extreme = np.mean(np.abs(means) >= np.mean(gaps) - 1e-12)
    assert found.p_value == pytest.approx(extreme)
    assert found.p_value > 0.05
    assert (found.is_tie, found.is_better) == (False, False)  # two standard errors, but no proof


def test_fewer_than_six_pairs_claim_nothing_but_two_standard_errors_break_a_tie() -> None:
    five = BASE[: FEWEST_FOR_TEST - 1]
    found = compare(five, shifted(five, 0.1, 0.11, 0.09, 0.1, 0.12), other="b")
    assert isnan(found.p_value)
    assert isnan(found.gap_low_frac)
    assert (found.is_tie, found.is_better) == (False, False)
    assert compare(five, shifted(five, 0.4, -0.2, 0.3, -0.1, 0.1), other="b").is_tie


def test_one_pair_has_the_error_of_measuring() -> None:
    assert not compare([1.0], [1.05], other="b").is_tie
    assert compare([1.0], [1.05], other="b", single_error=0.03).is_tie
    assert compare([1.0], [1.012], other="b").is_tie


def test_a_gap_below_1_3_percent_is_a_tie_however_sure() -> None:
    found = compare(BASE, [value + 0.01 for value in BASE], other="b")
    assert found.p_value == pytest.approx(2 / 64)
    assert (found.is_tie, found.is_better) == (True, False)


def test_equal_gaps_are_an_interval_of_no_width() -> None:
    found = compare([0.0] * 6, [0.5] * 6, other="b")
    assert found.gap_low_frac == found.gap_high_frac == found.gap_frac
    assert found.is_better


def test_seeds_that_failed_on_either_side_pair_with_nothing() -> None:
    found = compare([1.0, inf, 1.0, 2.0], [1.5, 1.0, inf, 2.5], other="b")
    assert found.num_pairs == 2
    assert found.gap_frac == pytest.approx(np.expm1(0.5))
    lost = compare([inf, 1.0], [1.0, inf], other="b")
    assert lost.num_pairs == 0
    assert (lost.is_tie, lost.is_better) == (True, False)
    assert json.dumps(lost.to_mapping(), allow_nan=False)


def test_the_interval_of_null_gaps_seldom_excludes_zero() -> None:
    rng = np.random.default_rng(0)
    claims = [
        compare([0.0] * 10, list(rng.normal(0, 0.1, 10)), other="b").is_better for _ in range(60)
    ]
    assert sum(claims) <= 5  # 2.5 % each way


def test_a_comparison_comes_out_the_same_every_time() -> None:
    theirs = shifted(BASE, 0.3, 0.1, -0.05, 0.2, 0.15, 0.02)
    assert compare(BASE, theirs, other="b") == compare(BASE, theirs, other="b")


def test_the_centre_is_the_mean_and_from_eight_on_that_of_the_middle_half() -> None:
    assert centre([1.0, 2.0, 6.0]) == 3.0
    assert centre([-100.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 1000.0]) == 2.5
    assert centre([]) == inf
