"""``ray up``: a cluster on virtual machines that Ray starts, or on hosts that are there already.

Keys as in Ray's own ``autoscaler/ray-schema.json``; ``node_config`` is the provider's.
"""

from typing import Any

from cluster.errors import ClusterError
from cluster.manifests.command import ray_version
from cluster.manifests.description import Description, RayUp
from cluster.manifests.drain import drain_environment
from cluster.settings import head_environment, node_environment

Document = dict[str, Any]
_TOKEN = "~/.ganorch/token"
_TOKEN_AT_HOME = "$HOME/.ganorch/token"  # which the shell expands and Ray would not
_PORT = 6379


def ray_up_config(description: Description) -> Document:
    """Return the configuration of ``ray up``.

    Raises:
        ClusterError: if the section ``ray_up`` is missing.
    """
    ray_up = description.ray_up
    if ray_up is None:
        raise ClusterError("'ray_up' is missing: it names the provider, aws or local")
    config: Document = {
        "cluster_name": description.name,
        "provider": _provider(ray_up),
        "auth": {"ssh_user": ray_up.ssh_user},
        # by reference: the token itself is in no configuration
        "file_mounts": {_TOKEN: ray_up.token_file},
        "setup_commands": _setup(ray_up),
        "head_start_ray_commands": _start(
            description, _head_options(), head_environment(token_file=_TOKEN_AT_HOME)
        ),
        "worker_start_ray_commands": _start(
            description, _worker_options(description), node_environment(token_file=_TOKEN_AT_HOME)
        ),
        "idle_timeout_minutes": ray_up.idle_minutes,
    }
    if ray_up.ssh_private_key is not None:
        config["auth"]["ssh_private_key"] = ray_up.ssh_private_key
    if description.image is not None:
        container = {"image": description.image, "container_name": description.name}
        config["docker"] = container | {"pull_before_run": True}
    if ray_up.provider == "aws":
        config |= _node_types(description, ray_up)
    return config


def _provider(ray_up: RayUp) -> Document:
    if ray_up.provider == "local":
        workers = list(ray_up.worker_hosts)
        return {"type": "local", "head_ip": ray_up.head_host, "worker_ips": workers}
    return {"type": "aws", "region": ray_up.region, "cache_stopped_nodes": False}


def _node_types(description: Description, ray_up: RayUp) -> Document:
    nodes = description.nodes
    return {
        "max_workers": nodes.max,
        "head_node_type": "head",
        "available_node_types": {
            "head": {
                "resources": {"CPU": 0, "GPU": 0},  # no trial on the head
                "node_config": {"InstanceType": ray_up.head_type},
                "max_workers": 0,
            },
            "trials": {
                "resources": {"CPU": nodes.cpus, "GPU": nodes.gpus},
                "node_config": {"InstanceType": ray_up.worker_type},
                "min_workers": nodes.min,
                "max_workers": nodes.max,
            },
        },
    }


def _setup(ray_up: RayUp) -> list[str]:
    protect = f"chmod 700 $(dirname {_TOKEN}) && chmod 600 {_TOKEN}"
    return [
        protect,
        *ray_up.setup,
        f"python3 -c \"import ray; assert ray.__version__ == '{ray_version()}'\"",
    ]


def _head_options() -> str:
    return (
        f"--head --port={_PORT} --dashboard-host=127.0.0.1 --num-cpus=0 --num-gpus=0 "
        "--autoscaling-config=~/ray_bootstrap_config.yaml"
    )


def _worker_options(description: Description) -> str:
    nodes = description.nodes
    return f"--address=$RAY_HEAD_IP:{_PORT} --num-cpus={nodes.cpus} --num-gpus={nodes.gpus}"


def _start(description: Description, options: str, settings: dict[str, str]) -> list[str]:
    """Return the commands that start Ray; on machines that are ours alone, the old one is stopped.

    ``ray stop`` ends every Ray of a machine, whosesoever, hence never on hosts that are shared.
    """
    environment = settings | drain_environment(description.nodes.grace_s)
    exports = " ".join(f"{key}={value}" for key, value in environment.items())
    start = f"umask 077; ulimit -n 65536; env {exports} ray start {options}"
    is_ours = description.ray_up is not None and description.ray_up.provider == "aws"
    return ["ray stop", start] if is_ours else [start]
