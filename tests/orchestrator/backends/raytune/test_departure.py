"""Trials on nodes that are about to go: they save their state, leave, and go on elsewhere."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from cluster.draining import drain_node, draining_nodes
from cluster.errors import ClusterError
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.backends.raytune.departure import ask_all_to_leave, must_leave, take_back
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.silent import SilentListener
from orchestrator.records import FaultKind, Retry, TrialStatus
from orchestrator.trial.spec import Activity, Messages, TrialSpec, alive, saved
from tests.orchestrator import scripted
from tests.orchestrator.backends import scripted_trials
from tests.orchestrator.backends.contract import carry_out
from tests.orchestrator.backends.scripted_trials import mark
from tests.orchestrator.scripted import completed_message, evaluation_message, opened_search

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[None]:
    """A head without CPUs, and two nodes that have one each."""
    from ray import cloudpickle
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"object_store_memory": 80_000_000, "dashboard_agent_listen_port": 0}
    head = {"num_cpus": 0, "include_dashboard": False, **small}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        cluster.add_node(num_cpus=1, **small)
    for module in (scripted, scripted_trials):
        cloudpickle.register_pickle_by_value(module)
    ray.init(
        address=cluster.address,
        log_to_driver=False,
        runtime_env={"env_vars": WORKER_ENVIRONMENT},
    )
    yield
    ray.shutdown()
    cluster.shutdown()
    for module in (scripted, scripted_trials):
        cloudpickle.unregister_pickle_by_value(module)


def leaves_once(spec: TrialSpec) -> Messages:
    """Show signs of life until it must leave; end at once in the second attempt."""
    yield evaluation_message(spec.trial_id, 0, 9.0)
    if mark(spec, "entered") == 1:
        for _ in range(600):
            time.sleep(0.05)
            if (yield alive(Activity.TRAINING)):
                yield saved(500)
        raise TimeoutError("nobody asked it to leave")
    yield evaluation_message(spec.trial_id, 1, 8.0)
    yield completed_message()


class DrainsItsNode(SilentListener):
    """Announces, a moment after the first trial has started, that its node will go."""

    def __init__(self) -> None:
        self.node = ""

    def on_event(self, event: Event, history: SweepHistory) -> None:
        if event["event"] == "started" and not self.node:
            self.node = event["node"]
            drain_node(self.node, reason="spot", within_s=600)


def test_a_trial_leaves_a_node_that_is_about_to_go_and_goes_on_elsewhere(
    two_nodes: None, tmp_path: Path
) -> None:
    listener = DrainsItsNode()
    config = scripted.make_config(search={"trials": 1}, budget={"kimg_per_trial": 9})
    with opened_search(tmp_path, config, listener=listener) as search:
        RayTuneBackend(1, cpus_per_trial=1, gpus_per_trial=0).run(search, leaves_once)
    (trial,) = search.history.trials.values()
    assert trial.record.status is TrialStatus.COMPLETED
    assert trial.record.num_attempts == 2
    (lost,) = trial.lost_attempts
    assert (lost.fault, lost.retry, lost.node) == (
        FaultKind.PREEMPTED,
        Retry.ELSEWHERE,
        listener.node,
    )
    assert "saved its state at 0.5 kimg" in lost.reason
    assert trial.location.node not in ("", listener.node)
    alive = [node["NodeID"] for node in ray.nodes() if node["Alive"]]
    assert listener.node in draining_nodes() or listener.node not in alive  # idle, it goes at once


def test_all_trials_leave_when_the_driver_asks(two_nodes: None, tmp_path: Path) -> None:
    finger = threading.Timer(0.5, ask_all_to_leave)
    finger.start()
    try:
        history = carry_out(
            RayTuneBackend(1, cpus_per_trial=1, gpus_per_trial=0),
            leaves_once,
            tmp_path,
            num_trials=1,
        )
        assert must_leave()
    finally:
        take_back()
    assert not must_leave()
    (trial,) = history.trials.values()
    assert [each.fault for each in trial.lost_attempts] == [FaultKind.PREEMPTED]


def test_a_node_that_is_not_there_cannot_be_drained(two_nodes: None) -> None:
    with pytest.raises(ClusterError, match="node 00ff.*: not a live node of this cluster"):
        drain_node("00ff" * 14, reason="spot")
