"""``ganorch cluster drain``: a node that is about to go."""

from typing import TYPE_CHECKING

import click

from orchestrator.cli.cluster import chosen_address
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from cluster.inventory import Inventory, Node


@click.command()
@click.argument("node")
@click.option("--address", metavar="HOST:PORT", help="Of a Ray cluster.")
@click.option("--name", help="Of a cluster that was started on this machine.")
@click.option(
    "--within",
    "within_s",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="When it will be gone, from now.",
)
def drain(node: str, *, address: str | None, name: str | None, within_s: float | None) -> None:
    """Announce that a node will go: its trials save and move.

    NODE is its address, its name, or the beginning of its id. For whoever hears of a preemption
    first.
    """
    from cluster.attached import attached_ray
    from cluster.draining import drain_node
    from cluster.inventory import read_inventory

    joined = chosen_address(address, name)
    if joined is None:
        raise UsageError("which cluster? give --address HOST:PORT, or --name")
    with attached_ray(joined):
        going = _the_one(read_inventory(), node)
        drain_node(going.id, reason="ganorch cluster drain", within_s=within_s)
    num_trials = len(going.trials)
    click.echo(f"{going.address} takes no new trials; {num_trials} on it will save and move")


def _the_one(found: "Inventory", node: str) -> "Node":
    live = [each for each in found.nodes if each.is_alive]
    meant = [each for each in live if node in (each.address, each.name) or each.id.startswith(node)]
    if len(meant) != 1:
        there = ", ".join(f"{each.address} ({each.id[:8]})" for each in live)
        raise UsageError(f"node '{node}': {len(meant)} live nodes are meant; there are {there}")
    return meant[0]
