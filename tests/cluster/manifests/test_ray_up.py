from collections.abc import Callable
from typing import Any

import pytest

from cluster.errors import ClusterError
from cluster.manifests.description import Description
from cluster.manifests.ray_up import ray_up_config

Describe = Callable[..., Description]
LOCAL = {"provider": "local", "head_host": "10.0.0.1", "worker_hosts": ["10.0.0.2", "10.0.0.3"]}


def test_on_virtual_machines_no_trial_runs_on_the_head(describe: Describe) -> None:
    config = ray_up_config(describe())
    types = config["available_node_types"]
    assert types["head"]["resources"] == {"CPU": 0, "GPU": 0}
    assert types["trials"]["resources"] == {"CPU": 8, "GPU": 1}
    assert (types["trials"]["min_workers"], types["trials"]["max_workers"]) == (1, 4)
    (start,) = [line for line in config["head_start_ray_commands"] if "--head" in line]
    assert "--num-cpus=0 --num-gpus=0" in start
    assert "--dashboard-host=127.0.0.1" in start


def test_hosts_that_are_there_already_are_used_and_no_ray_of_theirs_is_stopped(
    describe: Describe,
) -> None:
    config = ray_up_config(describe(ray_up=LOCAL))
    assert config["provider"] == {
        "type": "local",
        "head_ip": "10.0.0.1",
        "worker_ips": ["10.0.0.2", "10.0.0.3"],
    }
    for which in ("head", "worker"):
        assert not [line for line in config[f"{which}_start_ray_commands"] if "stop" in line]


@pytest.mark.parametrize("ray_up", [{}, LOCAL])
def test_the_token_travels_as_a_file(ray_up: dict[str, Any], describe: Describe) -> None:
    config = ray_up_config(describe(ray_up=ray_up))
    assert config["file_mounts"] == {"~/.ganorch/token": "~/.ray/auth_token"}
    assert "chmod 600 ~/.ganorch/token" in config["setup_commands"][0]
    for which in ("head", "worker"):
        start = config[f"{which}_start_ray_commands"][-1]
        assert "RAY_AUTH_MODE=token" in start
        assert "RAY_AUTH_TOKEN_PATH=$HOME/.ganorch/token" in start


def test_another_version_of_ray_ends_the_setup(describe: Describe) -> None:
    import ray

    last = ray_up_config(describe())["setup_commands"][-1]
    assert f"ray.__version__ == '{ray.__version__}'" in last


def test_a_container_and_a_key_are_optional(describe: Describe) -> None:
    bare = ray_up_config(describe(image=None))
    assert "docker" not in bare
    assert bare["auth"] == {"ssh_user": "ubuntu"}
    full = ray_up_config(describe(ray_up={"ssh_private_key": "~/.ssh/key"}))
    assert full["docker"]["image"] == "registry.example.org/ganorch:0.1.0"
    assert full["auth"]["ssh_private_key"] == "~/.ssh/key"


def test_without_a_provider_there_is_nothing_to_start(describe: Describe) -> None:
    with pytest.raises(ClusterError, match="^'ray_up' is missing: .* aws or local"):
        ray_up_config(describe(ray_up=None))
