"""The files of each target, by name."""

from collections.abc import Callable
from typing import Any

import yaml

from cluster.manifests.description import Description
from cluster.manifests.kuberay import ray_cluster, ray_job
from cluster.manifests.ray_up import ray_up_config
from cluster.manifests.slurm import slurm_script
from cluster.manifests.systemd import systemd_units

Files = dict[str, str]


def render(target: str, description: Description) -> Files:
    """Return the content of each file of a target, one of :data:`TARGETS`.

    Raises:
        ClusterError: if the description lacks what the target needs; names the key.
    """
    return TARGETS[target](description)


def _slurm(description: Description) -> Files:
    return {f"{description.name}.sbatch": slurm_script(description)}


def _kuberay(description: Description) -> Files:
    name = description.name
    return {
        f"{name}-cluster.yaml": _yaml(ray_cluster(description)),
        f"{name}-job.yaml": _yaml(ray_job(description)),
    }


def _ray_up(description: Description) -> Files:
    return {f"{description.name}.yaml": _yaml(ray_up_config(description))}


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_WithoutAnchors, sort_keys=False, allow_unicode=True)


class _WithoutAnchors(yaml.SafeDumper):
    """Writes equal parts twice: people read and edit these files."""

    def ignore_aliases(self, data: Any) -> bool:
        """Say yes to every part."""
        return True


TARGETS: dict[str, Callable[[Description], Files]] = {
    "slurm": _slurm,
    "kuberay": _kuberay,
    "ray-up": _ray_up,
    "systemd": systemd_units,
}
