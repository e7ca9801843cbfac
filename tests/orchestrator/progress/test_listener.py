"""What every listener promises."""

import io
from collections.abc import Callable
from copy import deepcopy

import pytest
from rich.console import Console

from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.estimate import Plan
from orchestrator.progress.lines import LinesListener
from orchestrator.progress.listener import SweepListener
from orchestrator.progress.live import LiveListener
from orchestrator.progress.silent import SilentListener

PLAN = Plan(num_trials=3, budget_nimg=40_000)
Clock = Callable[[], float]


def live(clock: Clock) -> SweepListener:
    terminal = Console(file=io.StringIO(), force_terminal=True, width=120, height=30)
    return LiveListener(terminal, PLAN, clock=clock)


def lines(clock: Clock) -> SweepListener:
    return LinesListener(io.StringIO(), PLAN, clock=clock)


def silent(clock: Clock) -> SweepListener:
    return SilentListener()


@pytest.fixture(params=[live, lines, silent])
def listener(request: pytest.FixtureRequest, clock: Clock) -> SweepListener:
    made: SweepListener = request.param(clock)
    return made


def test_it_follows_a_sweep_and_changes_nothing(
    listener: SweepListener, play: Callable[..., SweepHistory]
) -> None:
    def watch(event: Event, history: SweepHistory) -> None:
        event_before, history_before = deepcopy((event, history))
        listener.on_event(event, history)
        assert str(event) == str(event_before)
        assert str(history) == str(history_before)
        assert str(history.records) == str(history_before.records)

    with listener as entered:
        assert entered is listener
        play(watch)


def test_it_takes_events_that_it_does_not_know(listener: SweepListener) -> None:
    with listener:
        listener.on_event({"event": "of_a_later_version"}, SweepHistory())


def test_it_may_come_into_a_sweep_that_is_half_done(
    listener: SweepListener, play: Callable[..., SweepHistory], events: list[Event]
) -> None:
    history = play(lambda event, history: None)
    with listener:
        listener.on_event(events[-1], history)


def test_it_stops_and_lets_a_failure_through(listener: SweepListener) -> None:
    with pytest.raises(KeyboardInterrupt), listener:
        raise KeyboardInterrupt
    with listener:
        listener.on_event({"event": "started"}, SweepHistory())


def test_a_sweep_without_events_is_no_trouble(listener: SweepListener) -> None:
    with listener:
        pass
