from collections.abc import Callable

import ray

from cluster.manifests.command import ray_version, sweep_command
from cluster.manifests.description import Description


def test_the_command_finds_its_cluster_within_a_job(
    describe: Callable[..., Description],
) -> None:
    assert sweep_command(describe()).endswith("--address auto")
    assert sweep_command(describe(), "10.0.0.1:6379").endswith("--address 10.0.0.1:6379")


def test_the_version_of_ray_is_known_without_loading_it() -> None:
    assert ray_version() == ray.__version__
