from math import isclose, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.report.scale import FidFrame, ShareFrame, fid_range, linear_ticks, log_ticks

FRAME = FidFrame(left=40, top=10, right=240, bottom=110, max_x=200.0, low_fid=1.0, high_fid=100.0)


def test_kimg_is_placed_linearly_and_fid_logarithmically() -> None:
    assert [FRAME.x(kimg) for kimg in (0, 50, 200)] == [40, 90, 240]
    assert [FRAME.y(fid) for fid in (1, 10, 100)] == [110, 60, 10]


def test_an_axis_may_begin_above_zero() -> None:
    frame = ShareFrame(left=40, top=10, right=240, bottom=110, max_x=0.9, min_x=0.5)
    assert [frame.x(value) for value in (0.4, 0.5, 0.6, 0.9)] == [40, 40, 90, 240]


def test_what_lies_beyond_an_edge_is_drawn_at_the_edge() -> None:
    assert [FRAME.y(fid) for fid in (1e6, 0.0, -0.001)] == [10, 110, 110]
    assert FRAME.x(300) == 240


def test_a_share_is_placed_linearly_between_the_edges() -> None:
    frame = ShareFrame(left=0, top=10, right=100, bottom=50, max_x=1.0)
    assert [frame.y(share) for share in (0, 0.25, 1)] == [50, 40, 10]
    assert [frame.y(share) for share in (-0.1, 1.2)] == [50, 10]


def test_the_range_holds_every_value_and_the_floor_with_room() -> None:
    low, high = fid_range([[30, 5], [20, 4]], floor_fid=3.0)
    assert 2 < low < 3
    assert 30 < high < 40


def test_one_diverged_trial_does_not_hide_the_others() -> None:
    low, high = fid_range([[30, 5], [20, 9000], [25, 4]], floor_fid=nan)
    assert 4 * 25 <= high < 5 * 25


def test_a_flat_curve_does_not_look_like_a_mountain() -> None:
    low, high = fid_range([[5.0, 5.01]], floor_fid=nan)
    assert high / low >= 2


@pytest.mark.parametrize("curves", [[], [[]], [[nan, nan]], [[0.0, -1e-6]]])
def test_without_a_value_to_draw_there_is_a_range_all_the_same(curves: list[list[float]]) -> None:
    low, high = fid_range(curves, floor_fid=nan)
    assert 0 < low < high


@given(low=st.floats(1e-6, 1e6), ratio=st.floats(2.6, 1e8), max_ticks=st.integers(3, 10))
def test_log_ticks_lie_within_the_range_and_are_few(
    low: float, ratio: float, max_ticks: int
) -> None:
    ticks = log_ticks(low, low * ratio, max_ticks)
    assert 1 <= len(ticks) <= max_ticks
    assert all(low <= tick <= low * ratio for tick in ticks)
    assert ticks == sorted(ticks)


@given(high=st.floats(1e-3, 1e7), max_ticks=st.integers(3, 10))
def test_linear_ticks_are_even_begin_at_zero_and_are_few(high: float, max_ticks: int) -> None:
    ticks = linear_ticks(high, max_ticks)
    assert 2 <= len(ticks) <= max_ticks
    assert ticks[0] == 0
    assert ticks[-1] <= high * (1 + 1e-9)
    steps = [right - left for left, right in zip(ticks, ticks[1:], strict=False)]
    assert all(isclose(step, steps[0], rel_tol=1e-6) for step in steps)
