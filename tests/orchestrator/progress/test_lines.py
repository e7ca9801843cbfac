import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.config.model import BudgetConfig
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.estimate import Plan
from orchestrator.progress.lines import LinesListener
from orchestrator.records import Adjustment, FaultKind, LostAttempt, Retry
from tests.orchestrator.exploits import make_exploit

PLAN = Plan(num_trials=3, budget_nimg=40_000)
Play = Callable[..., SweepHistory]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def test_a_trial_that_ended_has_a_line_with_its_reason(
    stream: io.StringIO, clock: Any, play: Play
) -> None:
    with LinesListener(stream, PLAN, clock=clock) as listener:
        play(listener.on_event)
    ends = [line for line in stream.getvalue().splitlines() if "stopped" in line]
    assert ends == [
        "[1/3, ? left] ash stopped by verdict at 20 kimg: "
        "collapsed, best FID 30.0, coverage 0.50 (coverage was lost)"
    ]


def test_a_pause_and_a_resume_are_told_with_their_reasons(
    stream: io.StringIO, clock: Any, play: Play
) -> None:
    history = play(lambda event, history: None)
    reason = "rung 0 at 20 kimg: log FID 2.53, 1 of the 3 trials to compare"
    events: list[Event] = [
        {"event": "paused", "trial_id": "elm", "by": "scheduler", "rung": 0, "reason": reason},
        {"event": "resumed", "trial_id": "elm", "reason": "promoted by the scheduler"},
    ]
    with LinesListener(stream, PLAN, clock=clock) as listener:
        for event in events:
            history.apply(event)
            listener.on_event(event, history)
    assert stream.getvalue().splitlines() == [
        f"[1/3, ? left] elm paused at 20 kimg: improving, best FID 12.5, coverage 0.50 ({reason})",
        "[1/3, ? left] elm goes on: promoted by the scheduler",
    ]


def test_a_wait_of_the_whole_sweep_is_told(stream: io.StringIO, clock: Any, play: Play) -> None:
    history = play(lambda event, history: None)
    with LinesListener(stream, PLAN, clock=clock) as listener:
        listener.on_event({"event": "waiting", "reason": "no trial has run for 60 s"}, history)
    assert stream.getvalue() == "[1/3, ? left] waiting: no trial has run for 60 s\n"


def test_the_finals_are_told(stream: io.StringIO, clock: Any, play: Play) -> None:
    history = play(lambda event, history: None)
    with LinesListener(stream, PLAN, clock=clock) as listener:
        listener.on_event({"event": "retesting", "reason": "2 trials, on fresh fakes"}, history)
    assert stream.getvalue() == "[1/3, ? left] testing again: 2 trials, on fresh fakes\n"


def test_evaluations_are_told_at_most_once_in_a_while(
    stream: io.StringIO, clock: Any, play: Play
) -> None:
    listener = LinesListener(stream, PLAN, clock=clock, every_s=10.0)

    def watch(event: Event, history: SweepHistory) -> None:
        clock.now_s += 4.0
        listener.on_event(event, history)

    with listener:
        play(watch)
    told = [line.split("] ")[1].split(":")[0] for line in stream.getvalue().splitlines()]
    # ash at 20 kimg came 4 s after the line before it; the end of ash is told in any case.
    assert told == [
        "ash at 10 kimg",
        "elm at 10 kimg",
        "ash stopped by verdict at 20 kimg",
        "elm at 20 kimg",
    ]


def test_the_time_left_follows_the_rate(stream: io.StringIO, clock: Any, play: Play) -> None:
    listener = LinesListener(stream, PLAN, clock=clock)

    def watch(event: Event, history: SweepHistory) -> None:
        clock.now_s += 5.0
        listener.on_event(event, history)

    with listener:
        play(watch)
    # 45 s for 40 kimg; left are 20 of elm and 20, what ash cost, of the third trial.
    assert stream.getvalue().splitlines()[-1].startswith("[1/3, 45 s left] elm at 20 kimg")


def test_the_selected_trial_is_told(stream: io.StringIO, clock: Any, play: Play) -> None:
    history = play(lambda event, history: None)
    event: Event = {"event": "selected", "selection": {"trial_id": "elm"}, "certificate": {}}
    history.apply(event)
    with LinesListener(stream, PLAN, clock=clock) as listener:
        listener.on_event(event, history)
    assert stream.getvalue().endswith("selected elm\n")


def test_what_is_expected_stands_beside_the_caps_and_is_warned_of_once(
    stream: io.StringIO, clock: Any, play: Play
) -> None:
    budget = BudgetConfig(max_hours=0.02)
    listener = LinesListener(stream, replace(PLAN, budget=budget), clock=clock, every_s=0.0)

    def watch(event: Event, history: SweepHistory) -> None:
        clock.now_s += 5.0
        history.used_s += 5.0
        listener.on_event(event, history)

    with listener:
        play(watch)
    lines = stream.getvalue().splitlines()
    assert lines[-1].startswith("[1/3, 45 s left, 0.025 of 0.02 h] elm at 20 kimg")
    warned = [line for line in lines if line.startswith("warning: ")]
    assert len(warned) == 1
    assert "budget.max_hours = 0.02 will cut the sweep short" in warned[0]


def test_the_end_of_proposing_is_told(stream: io.StringIO, clock: Any, play: Play) -> None:
    history = play(lambda event, history: None)
    event: Event = {"event": "proposing_ended", "cause": "max_hours", "reason": "2.1 h are spent"}
    history.apply(event)
    with LinesListener(stream, PLAN, clock=clock) as listener:
        listener.on_event(event, history)
    assert stream.getvalue() == "[1/2, ? left] no more trials are proposed: 2.1 h are spent\n"


def test_an_exploit_has_a_line(
    stream: io.StringIO, clock: Any, play: Play, events: list[Event]
) -> None:
    exploit = make_exploit(nimg=20_000).to_mapping()
    events.append({"event": "exploited", "trial_id": "elm", "exploit": exploit})
    with LinesListener(stream, PLAN, clock=clock) as listener:
        play(listener.on_event)
    *_, line = stream.getvalue().splitlines()
    assert "elm at 20 kimg: goes on from the weights of ash at 20 kimg, d_lr 0.0001 to " in line
    assert line.endswith(": worse by 1.8")


def test_an_adjustment_has_a_line(
    stream: io.StringIO, clock: Any, play: Play, events: list[Event]
) -> None:
    adjustment = Adjustment(
        step=20, nimg=20_000, d_steps=2, g_steps=1, lr_factor=1.0, num_rollbacks=0, reason="why"
    )
    told = {"event": "adjusted", "trial_id": "elm", "adjustment": adjustment.to_mapping()}
    events.append(told)
    with LinesListener(stream, PLAN, clock=clock) as listener:
        play(listener.on_event)
    *_, line = stream.getvalue().splitlines()
    assert line.endswith("elm at 20 kimg: ratio changed, now D:G 2:1: why")


@pytest.mark.parametrize(
    ("reason", "why", "told"),
    [
        ("its node was lost", "its node was lost, not counted", "(its node was lost, not counted)"),
        ("its worker process died", "retry 1 of 3", "(retry 1 of 3): its worker process died"),
    ],
)
def test_why_an_attempt_was_lost_is_told_once(
    stream: io.StringIO, clock: Any, play: Play, reason: str, why: str, told: str
) -> None:
    history = play(lambda event, history: None)
    lost = LostAttempt(
        attempt=1,
        fault=FaultKind.NODE_LOST,
        reason=reason,
        retry=Retry.ELSEWHERE,
        why=why,
        nimg=20_000,
        num_evaluations=2,
        host="10.0.0.5",
    )
    event: Event = {"event": "attempt_lost", "trial_id": "elm", "attempt": lost.to_mapping()}
    with LinesListener(stream, PLAN, clock=clock) as listener:
        history.apply(event)
        listener.on_event(event, history)
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(f"elm: node_lost after 20 kimg on 10.0.0.5, begun again elsewhere {told}")
