"""``ganorch cluster``: where trials can run."""

from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.output import facts_table, print_json, print_table, table_of

if TYPE_CHECKING:
    from cluster.inventory import Inventory


@click.group()
def cluster() -> None:
    """Look at the machines that trials can run on."""


@cluster.command()
@click.option("--address", metavar="HOST:PORT", help="Of a Ray cluster.  [default: this machine]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(*, address: str | None, as_json: bool) -> None:
    """List nodes, CPUs and GPUs: what there is, and what of it is free."""
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


def _show_this_machine(*, as_json: bool) -> None:
    import torch

    from cluster.local import local_capacity

    capacity = local_capacity()
    found: dict[str, Any] = {
        "num_nodes": 1,
        "cpus": capacity.cpus,
        "gpus": capacity.gpus,
        "gpus_seen_by_torch": torch.cuda.device_count(),
        "torch": torch.__version__,
    }
    if as_json:
        print_json(found)
        return
    seen = f"torch {found['torch']} sees {found['gpus_seen_by_torch']}"
    print_table(facts_table({"CPUs": f"{capacity.cpus:g}", "GPUs": f"{capacity.gpus:g}; {seen}"}))


def _print_inventory(found: "Inventory") -> None:
    numbers = ("CPUs", "free CPUs", "GPUs", "free GPUs")
    table = table_of("node", *numbers, "state", right=numbers)
    for node in found.nodes:
        amounts = (node.cpus, node.free_cpus, node.gpus, node.free_gpus)
        state = "alive" if node.is_alive else "dead"
        table.add_row(node.address, *(f"{amount:g}" for amount in amounts), state)
    sums = found.to_mapping()
    totals = (sums[name] for name in ("cpus", "free_cpus", "gpus", "free_gpus"))
    table.add_row(f"{sums['num_nodes']} alive", *(f"{amount:g}" for amount in totals), "")
    print_table(table)
