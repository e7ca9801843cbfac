import pytest

from cluster.manifests.drain import AT_ONCE, DRAIN, drain_environment


@pytest.mark.parametrize(("grace_s", "drain_s"), [(120, "105"), (15, "0"), (0, "0")])
def test_rays_own_end_fits_into_the_grace_period(grace_s: int, drain_s: str) -> None:
    assert drain_environment(grace_s) == {DRAIN: drain_s}


def test_ray_knows_the_variable() -> None:
    from ray._private import ray_constants

    assert hasattr(ray_constants, DRAIN)
    assert AT_ONCE.keys() == {DRAIN}
