import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray.exceptions import ActorDiedError
from ray.tune.schedulers import TrialScheduler

from orchestrator.backends.raytune.fault import KilledForMemory
from orchestrator.backends.raytune.scheduler import ReportAdapter
from orchestrator.backends.raytune.search_door import SearchDoor
from orchestrator.backends.raytune.trainable import to_tune_config
from orchestrator.backends.raytune.workers import Workers
from orchestrator.backends.watchdog import Watchdog
from orchestrator.config.model import FaultsConfig
from orchestrator.records import FaultKind
from orchestrator.search import Search
from orchestrator.trial.spec import Message, started
from tests.orchestrator.scripted import (
    ScriptedScheduler,
    completed_message,
    evaluation_message,
    events_of,
    opened_search,
)


def adapter_of(door: SearchDoor) -> ReportAdapter:
    return ReportAdapter(door, Workers(Watchdog(FaultsConfig())))


class Reporter:
    """A Tune trial that reports to the adapter."""

    def __init__(self, search: Search) -> None:
        spec = search.next_trial()
        assert spec is not None
        self.name = spec.trial_id
        self._trial = SimpleNamespace(config=to_tune_config(spec), trial_id="a")
        self.door = SearchDoor(search)
        self.door.attempts[self.name] = "a"
        self._adapter = adapter_of(self.door)

    def die(self, error: Exception | None) -> None:
        """Lose the worker as Tune tells it."""
        controller = SimpleNamespace(_actor_manager=SimpleNamespace(present_error=error))
        self._adapter.on_trial_error(controller, self._trial)

    def report(self, message: Message | None) -> str:
        """Return Tune's order upon a message."""
        result = {} if message is None else {"message": json.dumps(message)}
        return self._adapter.on_trial_result(None, self._trial, result)


def test_a_message_reaches_the_search_and_the_trial_goes_on(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        reporter = Reporter(search)
        assert reporter.report({"kind": "started"}) == TrialScheduler.CONTINUE
        message = evaluation_message(reporter.name, 0, 9.0)
        assert reporter.report(message) == TrialScheduler.CONTINUE
    assert [event["event"] for event in events_of(tmp_path)][-2:] == ["started", "evaluated"]


def test_a_trial_that_must_stop_is_stopped(tmp_path: Path) -> None:
    with opened_search(tmp_path, scheduler=ScriptedScheduler(stop_after={0: 1})) as search:
        reporter = Reporter(search)
        message = evaluation_message(reporter.name, 0, 9.0)
        assert reporter.report(message) == TrialScheduler.STOP
        assert reporter.report({"kind": "started"}) == TrialScheduler.STOP  # another attempt


def test_a_trial_that_has_ended_needs_no_stop(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        reporter = Reporter(search)
        assert reporter.report(completed_message()) == TrialScheduler.CONTINUE


def test_a_result_without_a_message_is_passed_over(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        reporter = Reporter(search)
        before = events_of(tmp_path)
        assert reporter.report(None) == TrialScheduler.CONTINUE
        assert events_of(tmp_path) == before


def test_tune_finds_no_state_to_save(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        assert adapter_of(SearchDoor(search)).__getstate__() == {}


def test_what_an_earlier_attempt_still_sends_or_comes_to_is_no_news(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        reporter = Reporter(search)
        reporter.door.attempts[reporter.name] = "b"  # handed out again
        before = events_of(tmp_path)
        assert reporter.report(evaluation_message(reporter.name, 0, 9.0)) == TrialScheduler.STOP
        reporter.die(ActorDiedError())
        assert events_of(tmp_path) == before


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ActorDiedError(), FaultKind.PROCESS_KILLED),
        (KilledForMemory("x"), FaultKind.OUT_OF_MEMORY_HOST),
        (None, FaultKind.TUNER_FAILED),
    ],
)
def test_the_death_of_a_worker_is_told_with_its_class(
    tmp_path: Path, error: Exception | None, fault: FaultKind
) -> None:
    with opened_search(tmp_path) as search:
        reporter = Reporter(search)
        reporter.report(started(pid=7))
        reporter.die(error)
        (lost,) = search.history.trials[reporter.name].lost_attempts
        assert lost.fault is fault
