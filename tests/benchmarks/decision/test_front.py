from math import isnan, sqrt

import numpy as np
import pytest

from benchmarks.decision.front import Point, compare, front, regrets_at


def point(used: float, *regrets: float) -> Point:
    return Point(f"{used:g}", used, regrets)


def settings(front_points: list[Point]) -> list[str]:
    return [each.setting for each in front_points]


def test_a_front_leaves_out_what_is_dominated_or_above_a_line() -> None:
    points = [point(0.2, 1.0), point(0.5, 0.8), point(0.6, 0.2), point(0.9, 0.3), point(1.0, 0.0)]
    assert settings(front(points)) == ["0.2", "0.6", "1"]


def test_a_front_ends_at_the_least_regret_and_takes_the_better_of_equal_compute() -> None:
    points = [point(0.3, 0.9), point(0.3, 0.5), point(0.7, 0.1), point(1.0, 0.1)]
    assert [(each.used_frac, each.regret) for each in front(points)] == [(0.3, 0.5), (0.7, 0.1)]


def test_no_lottery_of_two_settings_beats_the_front() -> None:
    rng = np.random.default_rng(0)
    points = [point(used, regret) for used, regret in rng.random((25, 2))]
    best = {
        at: min(
            one.regret + (at - one.used_frac) / (two.used_frac - one.used_frac) * rise
            for one in points
            for two in points
            if one.used_frac <= at < two.used_frac and (rise := two.regret - one.regret) is not None
        )
        for at in (0.2, 0.35, 0.5)
    }
    least = min(each.regret for each in points)
    for at, lowest in best.items():
        cheaper = min(each.regret for each in points if each.used_frac <= at)
        assert regrets_at(at, points)[0] == pytest.approx(min(lowest, cheaper))
    assert regrets_at(1.0, points) == [least]


def test_between_two_settings_each_run_has_its_own_mixture() -> None:
    points = [point(0.4, 1.0, 0.0), point(0.8, 0.0, 0.2)]
    assert regrets_at(0.5, points) == pytest.approx([0.75, 0.05])


def test_compute_below_the_cheapest_setting_is_refused_with_its_value() -> None:
    with pytest.raises(ValueError, match=r"compute 0\.100: at least 0\.400 is used"):
        regrets_at(0.1, [point(0.4, 1.0)])


def test_the_difference_is_paired() -> None:
    ours, rival = point(0.5, 0.1, 0.3, 0.2), point(0.5, 0.3, 0.5, 0.4)
    difference = compare(ours, [ours], [rival])
    assert (difference.rival, difference.ours) == pytest.approx((0.4, 0.2))
    assert difference.error == pytest.approx(0.0, abs=1e-12)  # the same of each run
    assert difference.less_frac == pytest.approx(0.5)
    uneven = compare(ours, [ours], [point(0.5, 0.4, 0.5, 0.2)])
    assert uneven.error == pytest.approx(np.std([0.3, 0.2, 0.0], ddof=1) / sqrt(3))


def test_a_rival_that_needs_more_is_met_where_it_is_cheapest() -> None:
    ours = [point(0.3, 0.4, 0.4), point(0.7, 0.0, 0.0)]
    difference = compare(ours[0], ours, [point(0.5, 0.3, 0.5), point(1.0, 0.0, 0.0)])
    assert difference.used_frac == 0.5
    assert (difference.rival, difference.ours) == pytest.approx((0.4, 0.2))


def test_our_default_is_judged_as_it_is_and_not_by_our_front() -> None:
    default = point(0.5, 0.3, 0.3)
    ours = [point(0.4, 0.1, 0.1), default]
    assert compare(default, ours, [point(0.5, 0.3, 0.1)]).ours == pytest.approx(0.3)


def test_the_error_of_a_single_run_is_not_known() -> None:
    assert isnan(compare(point(0.5, 0.1), [], [point(0.5, 0.2)]).error)
