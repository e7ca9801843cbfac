"""``ganorch cluster start`` and ``stop``: several Ray nodes on this machine, for trying."""

import click

_name_option = click.option(
    "--name", default="default", show_default=True, help="Of the cluster; several can run."
)


@click.command()
@click.option("--nodes", type=int, default=1, show_default=True, help="Nodes that run trials.")
@click.option(
    "--cpus-per-node", type=int, help="As Ray counts.  [default: a share of this machine]"
)
@click.option("--gpus-per-node", type=int, default=0, show_default=True, help="As Ray counts.")
@click.option(
    "--storage",
    default="rocksdb",
    show_default=True,
    metavar="rocksdb|memory|redis://HOST:PORT",
    help="Where the head keeps the cluster's state; all but memory outlive it.",
)
@_name_option
def start(
    *, nodes: int, cpus_per_node: int | None, gpus_per_node: int, storage: str, name: str
) -> None:
    """Start Ray nodes on this machine.

    Each with an address of its own. For more than one, a head on which no trial runs comes on
    top, so that each of them can be lost.
    """
    from cluster.multinode import start_cluster

    cluster = start_cluster(
        nodes=nodes,
        cpus_per_node=cpus_per_node,
        gpus_per_node=gpus_per_node,
        name=name,
        storage=storage,
    )
    click.echo(f"cluster '{name}': {nodes} {'node' if nodes == 1 else 'nodes and a head'}")
    click.echo(f"join it:   ganorch run SPEC.yaml --address {cluster.address}")
    click.echo(f"its token: {cluster.token_file}")
    click.echo(f"its jobs:  http://{cluster.dashboard}")
    click.echo(f"end it:    ganorch cluster stop --name {name}")


@click.command()
@_name_option
def stop(*, name: str) -> None:
    """End a cluster that was started here.

    Its processes and no other Ray's; nothing of it is left. Sweeps on it can be resumed.
    """
    from cluster.multinode import open_cluster

    open_cluster(name).stop()
    click.echo(f"cluster '{name}' has ended")


@click.command("add-node")
@_name_option
def add_node(*, name: str) -> None:
    """Start one more node of a cluster that was started here."""
    from cluster.multinode import open_cluster

    node = open_cluster(name).add_node()
    click.echo(f"{node.name} has joined at {node.address}")


@click.command("kill-node")
@click.argument("node")
@_name_option
def kill_node(node: str, *, name: str) -> None:
    """End a node at once, to see what a sweep makes of it.

    NODE is head, node-1, node-2, …
    """
    from cluster.multinode import open_cluster

    open_cluster(name).kill(node)
    click.echo(f"{node} is gone")
