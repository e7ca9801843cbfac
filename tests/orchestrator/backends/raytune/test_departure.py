"""Trials on nodes that are about to go: they save their state, leave, and go on elsewhere."""

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import ray
from ray._private.state import available_resources_per_node
from ray.util.placement_group import placement_group_table, remove_placement_group

from cluster.draining import drain_node, draining_nodes, staying_nodes
from cluster.errors import ClusterError
from cluster.offer import offered_capacity
from cluster.resources import TrialResources
from cluster.slots import Slots
from orchestrator.backends.raytune.backend import WORKER_ENVIRONMENT, RayTuneBackend
from orchestrator.backends.raytune.departure import ask_all_to_leave, must_leave, take_back
from orchestrator.backends.raytune.placement import reservation
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.silent import SilentListener
from orchestrator.records import FaultKind, Retry, TrialStatus
from orchestrator.signals import Terminated, stopping_on_signals
from orchestrator.trial.spec import Placement
from tests.orchestrator import scripted
from tests.orchestrator.backends import leaving, scripted_trials
from tests.orchestrator.backends.contract import carry_out
from tests.orchestrator.backends.leaving import Signals, leaves_once, waits_for_nodes
from tests.orchestrator.scripted import (
    events_of,
    opened_search,
)

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Callable[[], object]]:
    """A head without CPUs, and two nodes that have one each; gives what adds another node."""
    from ray import cloudpickle
    from ray.cluster_utils import Cluster

    small: dict[str, Any] = {"object_store_memory": 80_000_000, "dashboard_agent_listen_port": 0}
    head = {"num_cpus": 0, "include_dashboard": False, **small}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        cluster.add_node(num_cpus=1, **small)
    for module in (scripted, scripted_trials, leaving):
        cloudpickle.register_pickle_by_value(module)
    ray.init(
        address=cluster.address,
        log_to_driver=False,
        runtime_env={"env_vars": WORKER_ENVIRONMENT},
    )
    yield partial(cluster.add_node, num_cpus=1, **small)
    ray.shutdown()
    cluster.shutdown()
    for module in (scripted, scripted_trials, leaving):
        cloudpickle.unregister_pickle_by_value(module)


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
    assert trial.location is not None
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


def test_a_signal_lets_trials_save_and_leave_and_counts_no_fault(
    two_nodes: Callable[[], object], tmp_path: Path
) -> None:
    two_nodes()  # the worker of a driver that was told to end lives, here, as long as the tests
    backend = RayTuneBackend(1, cpus_per_trial=1, gpus_per_trial=0)
    config = scripted.make_config(search={"trials": 1}, budget={"kimg_per_trial": 9})
    listener = Signals(signal.SIGTERM)
    with (
        opened_search(tmp_path, config, listener=listener) as search,
        pytest.raises(Terminated, match="SIGTERM"),
        stopping_on_signals(),
    ):
        backend.run(search, leaves_once)
    assert search.running == []
    assert events_of(tmp_path, "attempt_lost") == []
    take_back()
    gc.collect()  # what was interrupted lies in a cycle, Tune's worker with its CPU among it
    with opened_search(tmp_path, config) as search:
        backend.run(search, leaves_once)
    (trial,) = search.history.trials.values()
    assert (trial.record.status, trial.record.num_attempts) == (TrialStatus.COMPLETED, 2)


class AddsNode(SilentListener):
    """Adds a node, once, when the first trial has started."""

    def __init__(self, add_node: Callable[[], object]) -> None:
        self._add_node: Callable[[], object] | None = add_node

    def on_event(self, event: Event, history: SweepHistory) -> None:
        if event["event"] == "started" and self._add_node is not None:
            self._add_node()
            self._add_node = None


def test_a_node_that_joins_in_mid_sweep_gets_trials(
    two_nodes: Callable[[], object], tmp_path: Path
) -> None:
    slots = Slots(TrialResources(1), None, read_capacity=offered_capacity)
    num_wanted = slots() + 1
    (tmp_path / "wanted").write_text(str(num_wanted))
    config = scripted.make_config(search={"trials": 4}, budget={"kimg_per_trial": 9})
    with opened_search(tmp_path, config, listener=AddsNode(two_nodes)) as search:
        RayTuneBackend(slots, cpus_per_trial=1, gpus_per_trial=0).run(search, waits_for_nodes)
    nodes = {event["node"] for event in events_of(tmp_path, "started")}
    assert len(nodes) == num_wanted
    assert all(each.status is TrialStatus.COMPLETED for each in search.history.records)


def test_a_node_that_is_not_there_cannot_be_drained(two_nodes: None) -> None:
    with pytest.raises(ClusterError, match="node 00ff.*: not a live node of this cluster"):
        drain_node("00ff" * 14, reason="spot")


def wait_until_free(home: str) -> None:
    """Wait until nothing runs on a node, since a preference is no reservation."""
    gc.collect()  # workers of sweeps before that lie in a cycle
    deadline = time.monotonic() + 60
    while not available_resources_per_node().get(home, {}).get("CPU"):
        assert time.monotonic() < deadline, f"node {home} is still busy"
        time.sleep(0.2)


def test_ray_places_a_trial_on_the_node_that_it_prefers(two_nodes: Callable[[], object]) -> None:
    nodes = staying_nodes()
    homes = [node["NodeID"] for node in nodes if node["Resources"].get("CPU")]
    assert homes
    for home in homes:
        wait_until_free(home)
        wishes = Placement(preferred_node=home)
        group = reservation(wishes, cpus=1, gpus=0, nodes=nodes).to_placement_group()
        ray.get(group.ready(), timeout=30)
        (placed,) = placement_group_table(group)["bundles_to_node_id"].values()
        remove_placement_group(group)
        assert placed == home
