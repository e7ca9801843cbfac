"""Slurm: a batch script that brings its own Ray cluster and goes on after a requeue."""

from cluster.errors import ClusterError
from cluster.manifests.command import sweep_command
from cluster.manifests.description import Description
from cluster.manifests.drain import AT_ONCE
from cluster.manifests.template import fill_template
from cluster.settings import head_environment

_STOP_FRAC = 0.5  # of the grace period for the driver; the rest for Ray and the clean-up
_TOKENS = ".ganorch-jobs"


def slurm_script(description: Description) -> str:
    """Return the batch script.

    Raises:
        ClusterError: if no file system is shared, or no node is left for trials.
    """
    if description.storage is None:
        raise ClusterError("'storage' is missing: Slurm's nodes share their files at storage.path")
    slurm, nodes = description.slurm, description.nodes
    shares_head = slurm.trials_on_first_node
    return fill_template(
        "slurm.sh.j2",
        name=description.name,
        nodes=nodes,
        slurm=slurm,
        num_nodes=_num_nodes(description),
        time_limit=_time_limit(description.max_hours),
        head_cpus=nodes.cpus if shares_head else 0,
        head_gpus=nodes.gpus if shares_head else 0,
        python=description.python,
        environment=head_environment() | AT_ONCE,  # when Ray is stopped, the driver has ended
        shared_folder=f"{description.storage.path}/{_TOKENS}",
        stop_s=max(5, int(_STOP_FRAC * nodes.grace_s)),
        sweep=sweep_command(description, '"$head_ip:$PORT"'),
    )


def _num_nodes(description: Description) -> str:
    """Return how many nodes are asked for: those for trials, and one more that leads."""
    num_leading = 0 if description.slurm.trials_on_first_node else 1
    fewest = max(1, description.nodes.min) + num_leading
    most = description.nodes.max + num_leading
    return f"{most}" if fewest == most else f"{fewest}-{most}"


def _time_limit(hours: float | None) -> str | None:
    """Return days-hours:minutes, at least a minute."""
    if hours is None:
        return None
    minutes = max(1, round(60 * hours))
    return f"{minutes // 1440}-{minutes // 60 % 24:02}:{minutes % 60:02}"
