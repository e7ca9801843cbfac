from typing import Any

import pytest

from orchestrator.decision.scheduler import CohortAction, ToCome
from orchestrator.history import SweepHistory
from orchestrator.records import Action, StoppedBy
from orchestrator.rulings import Rulings, reason_in_vain
from tests.orchestrator.scripted import ScriptedScheduler, evaluation_message, make_config


class Told:
    """A history with rulings on it, told the same events."""

    def __init__(self, scheduler: ScriptedScheduler, *names: str) -> None:
        self.history = SweepHistory()
        self.rulings = Rulings(make_config(), self.history, scheduler)
        for index, name in enumerate(names):
            self.tell("proposed", name, index=index, params={}, seed=0)

    def tell(self, event: str, name: str, **values: Any) -> None:
        entry = {"seq": 0, "event": event, "trial_id": name, **values}
        self.history.apply(entry)
        self.rulings.take_in(entry)

    def evaluate(self, name: str, step: int, fid: float = 9.0, **verdict: Any) -> None:
        self.tell("evaluated", name, **evaluation_message(name, step, fid, **verdict))

    def pause(self, name: str, by: StoppedBy) -> None:
        self.tell("paused", name, by=by.value, rung=None, reason="suspect")


def test_a_ruling_is_due_until_it_was_carried_out() -> None:
    told = Told(ScriptedScheduler(pause_at={"a": 1}), "a")
    told.evaluate("a", 0)
    ruling = told.rulings.due["a"]
    assert (ruling.by, ruling.decision.action) == (StoppedBy.SCHEDULER, CohortAction.PAUSE)
    told.pause("a", StoppedBy.SCHEDULER)
    assert told.rulings.due == {}


def test_a_verdict_pauses_whom_the_scheduler_lets_go_on() -> None:
    told = Told(ScriptedScheduler(), "a")
    told.evaluate("a", 0, action=Action.PAUSE)
    assert told.rulings.due["a"].by is StoppedBy.VERDICT


def test_nothing_is_due_on_a_trial_that_ends_by_itself() -> None:
    told = Told(ScriptedScheduler(stop_after={0: 1, 1: 1}), "a", "b")
    told.evaluate("a", 3)  # of 3 kimg
    told.evaluate("b", 1, action=Action.STOP_REJECT)
    assert told.rulings.due == {}
    assert told.rulings.ends_by_itself("a")
    assert told.rulings.ends_by_itself("b")


def test_replicates_are_not_ruled_on() -> None:
    scheduler = ScriptedScheduler(stop_after={0: 1})
    told = Told(scheduler, "a")
    told.tell("proposed", "r", index=1, params={}, seed=1, replicate_of="a")
    told.evaluate("r", 0, action=Action.PAUSE)
    assert (told.rulings.due, scheduler.reports) == ({}, [])


@pytest.mark.parametrize(("by", "heard"), [("budget", [("a", False)]), ("cap", [])])
def test_the_scheduler_hears_of_ends_that_are_final(by: str, heard: list[Any]) -> None:
    scheduler = ScriptedScheduler()
    told = Told(scheduler, "a")
    told.evaluate("a", 0)
    told.tell("finished", "a", status="stopped", stopped_by=by, reason="", verdict=None)
    assert scheduler.ends == heard


def test_each_pause_is_ended_by_who_made_it() -> None:
    told = Told(ScriptedScheduler(promoted=["a", "b", "c"]), "a", "b", "c")
    for name, fid in (("a", 9.0), ("b", 5.0), ("c", 7.0)):
        told.evaluate(name, 0, fid)
    assert told.rulings.promoted(ToCome.NEW_TRIALS) is told.rulings.best_suspect() is None
    told.pause("a", StoppedBy.VERDICT)
    told.pause("b", StoppedBy.SCHEDULER)
    told.pause("c", StoppedBy.VERDICT)
    assert told.rulings.promoted(ToCome.NEW_TRIALS) == "b"
    assert told.rulings.best_suspect() == "c"
    assert reason_in_vain(told.history.trials["c"]) == "suspect; never resumed"


def test_the_scheduler_does_not_hear_of_the_end_of_a_trial_that_may_yet_be_resumed() -> None:
    scheduler = ScriptedScheduler()
    told = Told(scheduler, "a")
    told.evaluate("a", 0)
    told.pause("a", StoppedBy.SCHEDULER)
    told.tell("finished", "a", status="stopped", stopped_by="scheduler", reason="", verdict=None)
    assert scheduler.ends == []
    told.tell("reopened", "a")
    assert told.history.trials["a"].record.reason == "suspect"
    scheduler.promoted = ["a"]
    assert told.rulings.promoted(ToCome.NEW_TRIALS) == "a"
