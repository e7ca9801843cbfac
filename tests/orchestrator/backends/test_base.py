import os
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

    here = {"kind": "started", "node": "", "host": "", "pid": os.getpid()}
    assert list(guarded(completes, spec)) == [here, completed_message()]


def test_an_exception_becomes_the_last_message(spec: TrialSpec) -> None:
    def fails(spec: TrialSpec) -> Messages:
        yield {"kind": "evaluated"}
        raise RuntimeError("CUDA out of memory")

    *before, last = guarded(fails, spec)
    assert [message["kind"] for message in before] == ["started", "evaluated"]
    assert (last["kind"], last["fault"]) == ("failed", "out_of_memory_gpu")
    assert last["reason"].startswith("RuntimeError: CUDA out of memory (fails, line ")
    assert last["cause"].startswith("RuntimeError in fails, line ")


def test_an_exception_before_the_first_message_is_no_exception(spec: TrialSpec) -> None:
    def cannot_begin(spec: TrialSpec) -> Messages:
        raise FileNotFoundError("no data")

    kinds = [message["kind"] for message in guarded(cannot_begin, spec)]
    assert kinds == ["started", "failed"]


def test_an_end_without_a_last_message_is_a_fault(spec: TrialSpec) -> None:
    def falls_silent(spec: TrialSpec) -> Messages:
        yield {"kind": "evaluated"}

    *_, last = guarded(falls_silent, spec)
    assert (last["kind"], last["fault"]) == ("failed", "bad_code")
    assert last["reason"] == "it ended without a last message"


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
