from collections.abc import Iterator
from contextlib import contextmanager

from cluster.attached import attached_ray
from cluster.base import Cluster
from cluster.local import local_ray
from cluster.resources import Capacity


@contextmanager
def pretended() -> Iterator[Capacity]:
    yield Capacity(4, 2)


def test_a_context_that_yields_a_capacity_is_a_cluster() -> None:
    cluster: Cluster = pretended()
    with cluster as capacity:
        assert capacity.largest_node == Capacity(4, 2)


def test_both_kinds_of_ray_keep_the_contract() -> None:
    clusters: list[Cluster] = [local_ray(), attached_ray("10.0.0.5:6379")]
    for cluster in clusters:  # entering costs seconds and is tested where they live
        assert callable(cluster.__enter__)
        assert callable(cluster.__exit__)
