import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from ray import cloudpickle
from ray.exceptions import OutOfMemoryError
from ray.tune.execution import tune_controller

from cluster.environment import environment
from cluster.session import ray_session
from cluster.token import ensure_token_file, token_mode
from orchestrator.backends.raytune.actors import MonitoredActors, monitored_actors, present_error
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.backends.raytune.fault import KilledForMemory
from orchestrator.records import FaultKind, Retry, TrialStatus
from tests.orchestrator import scripted
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.contract import carry_out
from tests.orchestrator.backends.scripted_trials import num_marks

_ROOM_BYTES = 2_000_000_000  # until the monitor kills; the greedy trial takes up to twice as much


def test_tune_finds_such_actors_only_within() -> None:
    before = vars(tune_controller)["RayActorManager"]
    with monitored_actors():
        assert vars(tune_controller)["RayActorManager"] is MonitoredActors
    assert vars(tune_controller)["RayActorManager"] is before


def test_a_death_is_told_with_its_error_and_one_for_memory_as_the_death_that_it_is() -> None:
    told: list[tuple[Exception, Exception | None]] = []
    actors = MonitoredActors(SimpleNamespace())
    controller = SimpleNamespace(_actor_manager=actors)
    task = SimpleNamespace(
        _tracked_actor=SimpleNamespace(actor_id=7, _on_error=None),
        _on_error=lambda actor, error: told.append((error, present_error(controller))),
    )
    actors._cleanup_actor = lambda tracked_actor: None  # type: ignore[method-assign]
    actors._actor_task_failed(task, OutOfMemoryError("killed by the monitor"))
    ((error, present),) = told
    assert isinstance(error, KilledForMemory)
    assert present is error
    assert present_error(controller) is None


@pytest.fixture
def watched_memory() -> Iterator[None]:
    """Start a Ray whose memory monitor has little patience."""
    for module in (scripted, scripted_trials):
        cloudpickle.register_pickle_by_value(module)
    lines = [line.split() for line in Path("/proc/meminfo").read_text().splitlines()]
    kib = {name: int(amount) for name, amount, *_ in lines}
    used_kib = kib["MemTotal:"] - kib["MemAvailable:"]
    limit_frac = (used_kib + _ROOM_BYTES / 1024) / kib["MemTotal:"]
    monitor = {
        "RAY_memory_monitor_refresh_ms": "100",
        "RAY_memory_usage_threshold": f"{limit_frac:.3f}",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    ensure_token_file()
    arguments = {"address": "local", "num_cpus": 2, "include_dashboard": False}
    with environment(monitor), token_mode(), ray_session("x", WORKER_ENVIRONMENT, **arguments):
        yield
    for module in (scripted, scripted_trials):
        cloudpickle.unregister_pickle_by_value(module)


@pytest.mark.ray
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/meminfo")
def test_a_trial_that_takes_all_memory_is_killed_without_the_sweep_and_begun_again(
    watched_memory: None, tmp_path: Path
) -> None:
    backend = RayTuneBackend(concurrent=2, cpus_per_trial=1, gpus_per_trial=0)
    history = carry_out(backend, scripted_trials.one_is_greedy, tmp_path)
    greedy, *others = history.records
    assert num_marks(tmp_path, greedy.trial_id, "entered") == 2
    first, *_ = history.trials[greedy.trial_id].lost_attempts
    assert (first.fault, first.retry) == (FaultKind.OUT_OF_MEMORY_HOST, Retry.ELSEWHERE)
    assert greedy.status is TrialStatus.COMPLETED
    # the monitor may kill a neighbour as well before the memory is free: it comes again, too
    assert [record.status for record in others] == 2 * [TrialStatus.COMPLETED]
