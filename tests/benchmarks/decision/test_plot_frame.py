import pytest

from benchmarks.decision.plot_frame import (
    Axis,
    PlotFrame,
    compute_axis,
    log_axis,
    percent_axis,
)


def test_powers_are_evenly_spaced_on_a_log_axis() -> None:
    assert [Axis(0.01, 1.0, (), is_log=True).share(x) for x in (0.01, 0.1, 1)] == [0.0, 0.5, 1.0]
    assert Axis(0.01, 1.0, (), is_log=True).share(0.0) == 0.0
    assert Axis(-0.1, 0.4, ()).share(0.15) == 0.5


def test_ticks_are_written_as_percent_or_as_they_are() -> None:
    assert [Axis(0, 1, ()).write(x) for x in (-0.05, 0.0, 0.1)] == ["-5 %", "0 %", "+10 %"]
    assert Axis(0.01, 1, (), is_log=True).write(0.02) == "0.02"


def test_axes_hold_their_values_and_have_ticks_inside() -> None:
    for axis, values in (
        (compute_axis(0.31), (0.31, 1.0)),
        (log_axis(0.004, 0.2), (0.004, 0.2)),
        (log_axis(0.0, 0.0), (0.0002,)),
        (percent_axis(-0.02, 0.38), (-0.02, 0.38)),
        (percent_axis(0.0, 0.0), (0.0,)),
    ):
        assert all(0 <= axis.share(value) <= 1 for value in values)
        assert all(0 <= axis.share(tick) <= 1 for tick in axis.ticks)
        assert len(axis.ticks) >= 2
    assert compute_axis(0.31).low == pytest.approx(0.25)
    assert compute_axis(0.31).ticks[0] == pytest.approx(0.3)


def test_better_lies_to_the_lower_left() -> None:
    frame = PlotFrame(
        50, 20, 250, 120, 1.0, across=Axis(0.0, 1.0, ()), upwards=Axis(0.01, 1.0, (), is_log=True)
    )
    assert (frame.x(0.0), frame.y(0.01)) == (50, 120)
    assert (frame.x(1.0), frame.y(1.0)) == (250, 20)
