"""``ganorch cluster``: where trials can run."""

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.lazy_group import LazyGroup
from orchestrator.cli.output import facts_table, print_json, print_table, table_of
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from cluster.inventory import Inventory

_LOCAL = "orchestrator.cli.local_cluster"
_PLACES = {
    "status": "orchestrator.cli.cluster:status",
    "start": f"{_LOCAL}:start",
    "stop": f"{_LOCAL}:stop",
    "add-node": f"{_LOCAL}:add_node",
    "kill-node": f"{_LOCAL}:kill_node",
    "drain": "orchestrator.cli.drain:drain",
    "doctor": "orchestrator.cli.doctor:doctor",
    "render": "orchestrator.cli.render:render",
}


@click.group(cls=LazyGroup, places=_PLACES)
def cluster() -> None:
    """Look at the machines of a cluster, or start one here."""


@click.command()
@click.option("--address", metavar="HOST:PORT", help="Of a Ray cluster.  [default: this machine]")
@click.option("--name", help="Of a cluster that was started on this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(*, address: str | None, name: str | None, as_json: bool) -> None:
    """List nodes, CPUs, GPUs and trials.

    What there is, and what of it is free.
    """
    address = chosen_address(address, name)
    if address is None:
        _show_this_machine(as_json=as_json)
        return
    from cluster.attached import attached_ray
    from cluster.inventory import read_inventory

    with attached_ray(address):
        found = read_inventory()
    if as_json:
        print_json(found.to_mapping())
    else:
        _print_inventory(found)


def chosen_address(address: str | None, name: str | None) -> str | None:
    """Return the address that is meant by one of the two options, if any is given.

    Raises:
        UsageError: if both are.
    """
    if name is None:
        return address
    if address is not None:
        raise UsageError("--address and --name: only one of them can be meant")
    from cluster.multinode import open_cluster

    return open_cluster(name).address


def _show_this_machine(*, as_json: bool) -> None:
    import torch

    from cluster.local import local_capacity
    from cluster.multinode.state import running_clusters

    capacity = local_capacity()
    clusters = {each.name: each.address for each in running_clusters()}
    found: dict[str, Any] = {
        "num_nodes": 1,
        "cpus": capacity.cpus,
        "gpus": capacity.gpus,
        "gpus_seen_by_torch": torch.cuda.device_count(),
        "torch": torch.__version__,
        "clusters": clusters,
    }
    if as_json:
        print_json(found)
        return
    seen = f"torch {found['torch']} sees {found['gpus_seen_by_torch']}"
    facts = {"CPUs": f"{capacity.cpus:g}", "GPUs": f"{capacity.gpus:g}; {seen}"}
    facts |= {f"cluster {name}": at for name, at in clusters.items()}
    print_table(facts_table(facts))


def _print_inventory(found: "Inventory") -> None:
    numbers = ("CPUs", "free CPUs", "GPUs", "free GPUs")
    table = table_of("node", *numbers, "state", "trials", right=numbers)
    for node in found.nodes:
        amounts = (node.cpus, node.free_cpus, node.gpus, node.free_gpus)
        state = "dead" if not node.is_alive else "leaving" if node.is_leaving else "alive"
        trials = " ".join(node.trials)
        name = f"{node.name} {node.address}".strip()
        table.add_row(name, *(f"{amount:g}" for amount in amounts), state, trials)
    sums = found.to_mapping()
    totals = (sums[name] for name in ("cpus", "free_cpus", "gpus", "free_gpus"))
    table.add_row(f"{sums['num_nodes']} alive", *(f"{amount:g}" for amount in totals), "", "")
    print_table(table)
