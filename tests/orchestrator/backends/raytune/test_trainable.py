import json
import os
from pathlib import Path
from typing import Any

import pytest
from ray import tune

from orchestrator.backends.raytune.trainable import (
    make_trainable,
    message_in,
    to_tune_config,
    trial_id_in,
)
from orchestrator.trial.spec import Message, TrialSpec
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.scripted_trials import num_marks
from tests.orchestrator.scripted import opened_search


@pytest.fixture
def spec(tmp_path: Path) -> TrialSpec:
    with opened_search(tmp_path) as search:
        spec = search.next_trial()
    assert spec is not None
    return spec


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch) -> list[Message | None]:
    """Collect reports in the place of Tune."""
    collected: list[Message | None] = []

    def report(metrics: dict[str, Any]) -> None:
        collected.append(message_in(metrics))

    monkeypatch.setattr(tune, "report", report)
    return collected


def test_an_order_crosses_as_text_in_which_tune_finds_nothing_to_resolve(spec: TrialSpec) -> None:
    config = to_tune_config(spec)
    assert all(isinstance(value, str) for value in config.values())
    assert trial_id_in(config) == spec.trial_id


def test_every_message_becomes_a_report(spec: TrialSpec, reports: list[Message | None]) -> None:
    make_trainable(scripted_trials.completes)(to_tune_config(spec))
    kinds = [message and message["kind"] for message in reports]
    assert kinds == ["started", "evaluated", "evaluated", "evaluated", "finished"]
    assert reports[0] == {"kind": "started", "node": "", "host": "", "pid": os.getpid()}


def test_a_failure_is_reported_and_not_raised(
    spec: TrialSpec, reports: list[Message | None]
) -> None:
    make_trainable(scripted_trials.two_fail)(to_tune_config(spec))
    assert reports[-1] is not None
    assert (reports[-1]["kind"], reports[-1]["fault"]) == ("failed", "bad_code")


def test_a_stop_in_the_middle_of_a_report_closes_the_trial(
    spec: TrialSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def report(metrics: dict[str, Any]) -> None:
        if json.loads(metrics["message"])["kind"] != "started":
            raise SystemExit(0)  # how Tune ends the thread of a trial

    monkeypatch.setattr(tune, "report", report)
    with pytest.raises(SystemExit):
        make_trainable(scripted_trials.goes_on)(to_tune_config(spec))
    assert num_marks(tmp_path, spec.trial_id, "left") == 1


def test_a_result_without_a_message_carries_none() -> None:
    assert message_in({"done": True, "training_iteration": 3}) is None
