from typing import Any

import pytest

from cluster.attached import attached_ray
from cluster.inventory import read_inventory
from cluster.multinode import LocalCluster
from cluster.placement import published_trial


def test_without_a_cluster_nobody_is_told_and_none_is_started() -> None:
    import ray

    with published_trial("t-1"):
        assert not ray.is_initialized()


def test_a_cluster_that_cannot_be_told_does_not_disturb_the_trial(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise RuntimeError("the head is away")

    monkeypatch.setattr("ray.is_initialized", lambda: True)
    monkeypatch.setattr("ray.get_runtime_context", fail)
    with published_trial("t-1"):
        pass
    assert "trial t-1 is not shown in status: the head is away" in caplog.text


@pytest.mark.cluster
def test_trials_are_seen_on_their_nodes_while_they_run(joinable: LocalCluster) -> None:
    import ray

    class Worker:
        def begin(self, name: str) -> str:
            self.trial = published_trial(name)
            self.trial.__enter__()
            return ray.get_runtime_context().get_node_id()

        def end(self) -> None:
            self.trial.__exit__(None, None, None)

    with attached_ray(joinable.address):
        make: Any = ray.remote(num_cpus=1)(Worker)
        first, second = make.remote(), make.remote()
        places: dict[str, Any] = {
            "t-1": ray.get(first.begin.remote("t-1")),
            "t-2": ray.get(second.begin.remote("t-2")),
        }
        assert seen() == {("t-1", places["t-1"]), ("t-2", places["t-2"])}
        ray.get(first.end.remote())
        assert seen() == {("t-2", places["t-2"])}
        ray.get(first.begin.remote("t-3"))  # an actor runs one trial after another
        ray.kill(second)
        assert {name for name, _ in seen()} == {"t-3"}


def seen() -> set[tuple[str, str]]:
    return {(name, node.id) for node in read_inventory().nodes for name in node.trials}
