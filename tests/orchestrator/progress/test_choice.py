import io
from collections.abc import Callable

import pytest

from orchestrator.history import SweepHistory
from orchestrator.progress import Plan, choose_listener
from orchestrator.progress.lines import LinesListener
from orchestrator.progress.live import LiveListener
from orchestrator.progress.silent import SilentListener

PLAN = Plan(num_trials=3, budget_nimg=40_000)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_a_terminal_gets_a_live_table() -> None:
    assert isinstance(choose_listener(Terminal(), plan=PLAN), LiveListener)


def test_a_pipe_gets_plain_lines() -> None:
    assert isinstance(choose_listener(io.StringIO(), plan=PLAN), LinesListener)


def test_a_terminal_that_cannot_redraw_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert isinstance(choose_listener(Terminal(), plan=PLAN), LinesListener)


def test_quiet_is_quiet_on_a_terminal_too() -> None:
    listener = choose_listener(Terminal(), plan=PLAN, is_quiet=True)
    assert isinstance(listener, SilentListener)


def test_plan_and_stream_reach_the_listener(play: Callable[..., SweepHistory]) -> None:
    stream = io.StringIO()
    with choose_listener(stream, plan=PLAN) as listener:
        play(listener.on_event)
    assert "[1/3, " in stream.getvalue()
