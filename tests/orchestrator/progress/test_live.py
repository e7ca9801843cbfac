import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from rich.console import Console

from orchestrator.config.model import BudgetConfig
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.estimate import Plan
from orchestrator.progress.live import LiveListener

PLAN = Plan(num_trials=3, budget_nimg=40_000)
Play = Callable[..., SweepHistory]


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=120, height=30)


def last_frame(terminal: Console) -> list[str]:
    """Return the lines of the last frame, without what steers the terminal."""
    stream = terminal.file
    assert isinstance(stream, io.StringIO)
    plain = io.StringIO()
    reader = Console(file=plain, width=120)
    reader.print(_decoded(stream.getvalue()))
    lines = [line.rstrip() for line in plain.getvalue().splitlines()]
    start = max(index for index, line in enumerate(lines) if "trials done" in line)
    return [line for line in lines[start:] if line]


def _decoded(text: str) -> Any:
    from rich.text import Text

    return Text.from_ansi(text)


def test_the_last_frame_stays_with_every_trial(terminal: Console, clock: Any, play: Play) -> None:
    with LiveListener(terminal, PLAN, clock=clock) as listener:
        play(listener.on_event)
    heading, _, first, second = last_frame(terminal)
    assert heading.startswith("1 of 3 trials done · 1 running · 40 kimg")
    for part in ("elm", "dcgan", "12.5", "0.50", "improving", "20 / 40", "running"):
        assert part in first
    for part in ("ash", "30.0", "40.0", "collapsed", "20 / 40", "stopped by verdict"):
        assert part in second


def test_a_paused_trial_stays_in_the_table_and_is_counted(
    terminal: Console, clock: Any, play: Play
) -> None:
    history = play(lambda event, history: None)
    event: Event = {"event": "paused", "trial_id": "elm", "by": "scheduler", "reason": "rung 0"}
    history.apply(event)
    with LiveListener(terminal, PLAN, clock=clock) as listener:
        listener.on_event(event, history)
    heading, _, first, _ = last_frame(terminal)
    assert heading.startswith("1 of 3 trials done · 0 running · 1 paused · 40 kimg")
    assert "elm" in first
    assert "paused" in first


def test_the_clock_in_the_heading_goes_on_between_events(
    terminal: Console, clock: Any, play: Play, events: list[Event]
) -> None:
    listener = LiveListener(terminal, PLAN, clock=clock)

    def watch(event: Event, history: SweepHistory) -> None:
        clock.now_s += 5.0
        listener.on_event(event, history)

    with listener:
        play(watch)
        clock.now_s += 10.0
    # 9 events of 5 s: 40 kimg seen, 20 left of elm and 20 expected of the third trial. 10 s later:
    assert "55 s elapsed · 35 s left" in last_frame(terminal)[0]


def test_the_time_left_is_not_known_before_images_were_seen(
    terminal: Console, clock: Any, events: list[Event]
) -> None:
    with LiveListener(terminal, PLAN, clock=clock) as listener:
        listener.on_event(events[0], SweepHistory.replay(events[:1]))
    assert "? left" in last_frame(terminal)[0]


def test_trials_beyond_the_height_are_counted(clock: Any) -> None:
    small = Console(file=io.StringIO(), force_terminal=True, width=120, height=9)
    history = SweepHistory()
    with LiveListener(small, PLAN, clock=clock) as listener:
        for index in range(7):
            name = f"trial-{index}"
            history.apply(
                {"event": "proposed", "trial_id": name, "index": index, "params": {}, "seed": 0}
            )
            event = {"event": "started", "trial_id": name}
            history.apply(event)
            listener.on_event(event, history)
    frame = last_frame(small)
    assert frame[-1] == "… and 3 more"
    assert [line.split()[0] for line in frame[2:-1]] == [f"trial-{index}" for index in range(4)]


def test_the_finals_are_told(terminal: Console, clock: Any, play: Play) -> None:
    with LiveListener(terminal, PLAN, clock=clock, wall_clock=datetime.now) as listener:
        history = play(lambda event, history: None)
        event = {"event": "retesting", "reason": "2 trials, on fresh fakes"}
        history.apply(event)
        listener.on_event(event, history)
    assert last_frame(terminal)[1] == "testing again: 2 trials, on fresh fakes"


def test_the_end_and_what_is_expected_beside_the_caps_stand_above_the_trials(
    terminal: Console, clock: Any, play: Play
) -> None:
    listener = LiveListener(
        terminal,
        replace(PLAN, budget=BudgetConfig(max_hours=0.02)),
        clock=clock,
        wall_clock=lambda: datetime(2030, 1, 31, 13, 2),
    )

    def watch(event: Event, history: SweepHistory) -> None:
        clock.now_s += 500.0
        history.used_s += 500.0
        listener.on_event(event, history)

    with listener:
        history = play(watch)
        end = {"event": "proposing_ended", "cause": "max_hours", "reason": "1.25 h are spent"}
        history.apply(end)
        listener.on_event(end, history)
    heading, against, ended, warning, *_ = last_frame(terminal)
    assert "1 of 2 trials done" in heading  # the third is no longer expected
    assert heading.endswith(" · ends 13:39")  # 37.5 minutes for half as much again
    assert against == "expected at this pace: 1.88 of 0.02 h"
    assert ended == "no more trials are proposed: 1.25 h are spent"
    assert warning.startswith("budget.max_hours = 0.02 will cut the sweep short")
