"""The journal of a small sweep: one trial that ends, one that goes on, one not yet begun."""

from collections.abc import Callable

import pytest

from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind

Show = Callable[[Callable[[Event, SweepHistory], None]], SweepHistory]


def evaluated(name: str, kimg: int, fid: float, kind: VerdictKind) -> Event:
    row = Evaluation(run=name, step=kimg, nimg=1000 * kimg, fid=fid, coverage=0.5)
    verdict = Verdict(kind=kind, action=Action.GO_ON, reason="as measured")
    return {
        "event": "evaluated",
        "trial_id": name,
        "evaluation": row.to_mapping(),
        "verdict": verdict.to_mapping(),
    }


def proposed(name: str, index: int) -> Event:
    params = {"network": "dcgan"}
    return {"event": "proposed", "trial_id": name, "index": index, "params": params, "seed": 0}


@pytest.fixture
def events() -> list[Event]:
    return [
        proposed("ash", 0),
        {"event": "started", "trial_id": "ash"},
        evaluated("ash", 10, 30.0, VerdictKind.WARMING_UP),
        proposed("elm", 1),
        {"event": "started", "trial_id": "elm"},
        evaluated("elm", 10, 20.0, VerdictKind.WARMING_UP),
        evaluated("ash", 20, 40.0, VerdictKind.COLLAPSED),
        {
            "event": "finished",
            "trial_id": "ash",
            "status": "stopped",
            "stopped_by": "verdict",
            "reason": "coverage was lost",
        },
        evaluated("elm", 20, 12.5, VerdictKind.IMPROVING),
    ]


@pytest.fixture
def play(events: list[Event]) -> Show:
    """Return a function that plays the journal to a listener's ``on_event``."""

    def play_to(on_event: Callable[[Event, SweepHistory], None]) -> SweepHistory:
        history = SweepHistory()
        for event in events:
            history.apply(event)
            on_event(event, history)
        return history

    return play_to


class Clock:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()
