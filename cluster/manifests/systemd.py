"""systemd: units that keep a head, its nodes and a sweep running on machines of one's own."""

from cluster.errors import ClusterError
from cluster.manifests.command import sweep_command
from cluster.manifests.description import Description
from cluster.manifests.drain import AT_ONCE, drain_environment
from cluster.manifests.template import fill_template
from cluster.settings import head_environment, node_environment

_TOKEN = "%d/token"  # in the folder of the unit's credentials
_HEAD_STOP_S = 30
_DRIVER_STOP_S = 120


def systemd_units(description: Description) -> dict[str, str]:
    """Return the units by the name of their file: of the head, a node, and the sweep.

    Raises:
        ClusterError: if the section ``systemd`` is missing, or Python is not named by its path.
    """
    systemd = description.systemd
    if systemd is None:
        raise ClusterError("'systemd' is missing: units need to know systemd.head_host")
    if not description.python.startswith("/"):
        raise ClusterError(f"python = '{description.python}': a unit needs its absolute path")
    name, grace_s = description.name, description.nodes.grace_s
    place = f"ganorch-{name}"
    node = node_environment(token_file=_TOKEN)
    head = head_environment(token_file=_TOKEN, storage=f"/var/lib/{place}/gcs")
    units = {
        "head": (head | AT_ONCE, _HEAD_STOP_S),
        "worker": (node | drain_environment(grace_s), grace_s + _HEAD_STOP_S),
        "sweep": (node, _DRIVER_STOP_S),
    }
    address = f"{systemd.head_host}:{systemd.port}"
    return {
        f"{name}-{kind}.service": fill_template(
            f"{kind}.service.j2",
            name=name,
            place=place,
            python=description.python,
            systemd=systemd,
            nodes=description.nodes,
            storage=description.storage,
            environment=environment,
            stop_s=stop_s,
            sweep=sweep_command(description, address),
        )
        for kind, (environment, stop_s) in units.items()
    }
