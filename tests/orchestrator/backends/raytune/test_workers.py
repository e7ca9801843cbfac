from types import SimpleNamespace
from typing import Any

import pytest
import ray

from orchestrator.backends.raytune.workers import Workers
from orchestrator.backends.watchdog import Watchdog
from orchestrator.config.model import FaultsConfig
from orchestrator.trial.spec import Activity, alive


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Collect what would be killed."""
    actors: list[Any] = []
    monkeypatch.setattr(ray, "kill", actors.append)
    return actors


class Cluster:
    """Workers of two trials, ``a`` and ``b``, on a clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        limits = FaultsConfig(hang_s=2.0, evaluation_hang_s=4.0)
        self.workers = Workers(Watchdog(limits, clock=self.clock))
        self.trials: dict[str, Any] = {
            name: SimpleNamespace(
                trial_id=name, temporary_state=SimpleNamespace(ray_actor=f"actor of {name}")
            )
            for name in "ab"
        }
        for trial in self.trials.values():
            self.workers.on_trial_start(1, [], trial)

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.now_s += 1.0
            self.workers.on_step_begin(1, [])


def test_who_falls_silent_is_killed_once_and_the_reason_is_kept(killed: list[Any]) -> None:
    cluster = Cluster()
    cluster.workers.heard("a", alive(Activity.TRAINING))
    cluster.pass_s(4)
    assert killed == ["actor of a"]
    assert cluster.workers.why_killed("a") == "no sign of life for 3 s while training"
    assert cluster.workers.why_killed("b") is None


def test_who_has_ended_is_neither_watched_nor_killed(killed: list[Any]) -> None:
    cluster = Cluster()
    cluster.workers.on_trial_complete(1, [], cluster.trials["a"])
    cluster.workers.on_trial_error(1, [], cluster.trials["b"])
    cluster.pass_s(20)
    cluster.workers.kill("a")
    assert killed == []
