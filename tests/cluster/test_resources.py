from math import inf, nan

import pytest

from cluster.errors import ClusterError
from cluster.resources import Capacity, TrialResources, concurrent_trials


@pytest.mark.parametrize(
    ("node", "trial", "count"),
    [
        (Capacity(8), TrialResources(1), 8),
        (Capacity(8), TrialResources(3), 2),
        (Capacity(1), TrialResources(0.1), 10),
        (Capacity(0.6), TrialResources(0.2), 3),  # 0.6 / 0.2 < 3 in floating point
        (Capacity(8, 2), TrialResources(1, 1), 2),
        (Capacity(8, 2), TrialResources(1, 0.5), 4),
        (Capacity(8, 2), TrialResources(1, 0.4), 4),  # two on each GPU, not five over both
        (Capacity(8, 4), TrialResources(0, 2), 2),
        (Capacity(3, 4), TrialResources(2, 1), 1),
    ],
)
def test_one_node_holds_what_its_scarcest_resource_allows(
    node: Capacity, trial: TrialResources, count: int
) -> None:
    assert concurrent_trials(node, trial) == count


def test_trials_do_not_span_nodes() -> None:
    cluster = Capacity.of_nodes([Capacity(3), Capacity(3), Capacity(1)])
    assert (cluster.cpus, cluster.gpus) == (7, 0)
    assert concurrent_trials(cluster, TrialResources(2)) == 2  # 7 // 2 would be 3


@pytest.mark.parametrize(("limit", "count"), [(None, 8), (3, 3), (99, 8)])
def test_the_limit_is_kept(limit: int | None, count: int) -> None:
    assert concurrent_trials(Capacity(8), TrialResources(1), limit) == count


def test_the_largest_node_has_the_most_gpus_then_cpus() -> None:
    cluster = Capacity.of_nodes([Capacity(64), Capacity(8, 2), Capacity(16, 2)])
    assert cluster.largest_node == Capacity(16, 2)
    assert Capacity(4).largest_node == Capacity(4)


@pytest.mark.parametrize(
    ("capacity", "trial", "message"),
    [
        (
            Capacity(8),
            TrialResources(1, 4),
            "a trial asks for 4 GPUs; the largest node has 0: set resources.gpus_per_trial to 0 "
            "or join a cluster that has them",
        ),
        (
            Capacity(8, 2),
            TrialResources(1, 4),
            "the largest node has 2: set resources.gpus_per_trial to at most 2 or join",
        ),
        (Capacity(8), TrialResources(1, 0.5), "asks for 0.5 GPUs; the largest node has 0: set"),
        (
            Capacity.of_nodes([Capacity(2), Capacity(2)]),
            TrialResources(4),
            "asks for 4 CPUs; the largest node has 2: set resources.cpus_per_trial to at most 2",
        ),
        (
            Capacity.of_nodes([Capacity(8), Capacity(2, 1)]),
            TrialResources(4, 1),
            "asks for 4 CPUs and 1 GPU on one node, and no node has both",
        ),
        (Capacity.of_nodes([]), TrialResources(1), "asks for 1 CPU; the largest node has 0"),
    ],
)
def test_a_trial_that_fits_nowhere_is_refused_with_what_to_change(
    capacity: Capacity, trial: TrialResources, message: str
) -> None:
    with pytest.raises(ClusterError, match=message):
        concurrent_trials(capacity, trial)


@pytest.mark.parametrize(
    ("cpus", "gpus", "message"),
    [
        (-1, 0, "resources.cpus_per_trial = -1: must be 0 or more"),
        (nan, 0, "resources.cpus_per_trial = nan: must be 0 or more"),
        (1, inf, "resources.gpus_per_trial = inf: must be 0 or more"),
        (0, 0, "must ask for some CPU or GPU"),
        (1, 1.5, "resources.gpus_per_trial = 1.5: must be a whole number, or below 1"),
    ],
)
def test_resources_that_cannot_be_meant_are_refused(cpus: float, gpus: float, message: str) -> None:
    with pytest.raises(ClusterError, match=message):
        TrialResources(cpus, gpus)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ClusterError, match="resources.concurrent = 0: must be at least 1"):
        concurrent_trials(Capacity(8), TrialResources(1), 0)
