"""What is told, and freed, where no trial runs for long though there is work."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray import tune
from ray.tune.experiment import Trial

from orchestrator.backends.raytune import standstill
from orchestrator.backends.raytune.standstill import Standstill, StrandedError
from tests.orchestrator.scripted import events_of, opened_search

ANYWHERE = tune.PlacementGroupFactory([{"CPU": 1.0}])
ELSEWHERE = tune.PlacementGroupFactory(
    [{"CPU": 1.0}], bundle_label_selector=[{"ray.io/node-id": "!in(n1)"}]
)


def a_trial(status: str = Trial.PENDING, place: Any = ANYWHERE) -> Any:
    return SimpleNamespace(status=status, placement_group_factory=place, config={})


@pytest.fixture
def now_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    monkeypatch.setattr(standstill, "staying_nodes", lambda: [{}, {}])
    return [0.0]


def test_each_time_without_running_trials_is_told_once(tmp_path: Path, now_s: list[float]) -> None:
    with opened_search(tmp_path) as search:
        seen = Standstill(search, lambda config: ANYWHERE, patience_s=60, clock=lambda: now_s[0])
        for status, at_s in (
            (Trial.PENDING, 0),
            (Trial.PENDING, 59),
            (Trial.RUNNING, 61),
            (Trial.PENDING, 62),
            (Trial.PENDING, 121),
            (Trial.PENDING, 122),
            (Trial.PENDING, 500),
            (Trial.RUNNING, 501),
            (Trial.PENDING, 502),
            (Trial.PENDING, 600),
        ):
            now_s[0] = at_s
            seen.on_step_begin(0, [a_trial(status)])
    told = [event["reason"] for event in events_of(tmp_path, "waiting")]
    said = "no trial has run for 60 s; 1 wait for a place on the 2 nodes that there are"
    assert told == [said, said]


def test_a_trial_that_waits_for_a_place_that_is_gone_ends_the_wait(
    tmp_path: Path, now_s: list[float]
) -> None:
    with opened_search(tmp_path) as search:
        seen = Standstill(search, lambda config: ANYWHERE, clock=lambda: now_s[0])
        seen.on_step_begin(0, [a_trial(place=ELSEWHERE)])
        now_s[0] = 61.0
        with pytest.raises(StrandedError, match="a place that is gone"):
            seen.on_step_begin(1, [a_trial(place=ELSEWHERE)])
    assert not events_of(tmp_path, "waiting")


def test_one_that_may_still_go_where_it_waits_is_left(tmp_path: Path, now_s: list[float]) -> None:
    with opened_search(tmp_path) as search:
        seen = Standstill(search, lambda config: ELSEWHERE, clock=lambda: now_s[0])
        for now_s[0] in (0.0, 61.0):
            seen.on_step_begin(0, [a_trial(place=ELSEWHERE)])
    assert len(events_of(tmp_path, "waiting")) == 1


def test_nothing_of_the_search_is_written_down_with_it(tmp_path: Path) -> None:
    with opened_search(tmp_path) as search:
        assert Standstill(search, lambda config: ANYWHERE).__getstate__() == {}
