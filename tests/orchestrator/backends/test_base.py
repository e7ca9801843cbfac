from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from orchestrator.backends.base import guarded
from orchestrator.trial.spec import Messages, TrialSpec
from tests.orchestrator.scripted import completed_message, opened_search


@pytest.fixture
def spec(tmp_path: Path) -> TrialSpec:
    with opened_search(tmp_path) as search:
        spec = search.next_trial()
    assert spec is not None
    return spec


def test_the_first_message_says_that_the_trial_has_started(spec: TrialSpec) -> None:
    def completes(spec: TrialSpec) -> Messages:
        yield completed_message()

    assert list(guarded(completes, spec)) == [{"kind": "started"}, completed_message()]


def test_an_exception_becomes_the_last_message(spec: TrialSpec) -> None:
    def fails(spec: TrialSpec) -> Messages:
        yield {"kind": "evaluated"}
        raise RuntimeError("CUDA out of memory")

    *before, last = guarded(fails, spec)
    assert [message["kind"] for message in before] == ["started", "evaluated"]
    assert (last["kind"], last["status"], last["stopped_by"]) == ("finished", "failed", "error")
    assert last["reason"].startswith("RuntimeError: CUDA out of memory (fails, line ")
    assert last["verdict"] is None


def test_an_exception_before_the_first_message_is_no_exception(spec: TrialSpec) -> None:
    def cannot_begin(spec: TrialSpec) -> Messages:
        raise FileNotFoundError("no data")

    kinds = [message["kind"] for message in guarded(cannot_begin, spec)]
    assert kinds == ["started", "finished"]


def test_whoever_stops_pulling_closes_the_trial(spec: TrialSpec) -> None:
    closed: list[str] = []

    def goes_on(spec: TrialSpec) -> Messages:
        try:
            while True:
                yield {"kind": "evaluated"}
        finally:
            closed.append(spec.trial_id)

    with closing(guarded(goes_on, spec)) as messages:
        assert [next(messages)["kind"] for _ in range(2)] == ["started", "evaluated"]
    assert closed == [spec.trial_id]


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_no_failure_of_the_trial(spec: TrialSpec, interrupt: Any) -> None:
    def interrupted(spec: TrialSpec) -> Messages:
        yield {"kind": "evaluated"}
        raise interrupt

    with pytest.raises(interrupt):
        list(guarded(interrupted, spec))
