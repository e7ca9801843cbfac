"""``ganorch cluster doctor``: what would spoil a sweep here, before it begins."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.cluster import chosen_address
from orchestrator.cli.output import print_json, print_table, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from cluster.doctor import Finding

_FAILED = 1  # exit code


@click.command()
@click.option("--address", metavar="HOST:PORT", help="Of a Ray cluster.  [default: this machine]")
@click.option("--name", help="Of a cluster that was started on this machine.")
@click.option(
    "--run-folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="That trials will write to: is it there on every node?",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def doctor(
    context: click.Context,
    *,
    address: str | None,
    name: str | None,
    run_folder: Path | None,
    as_json: bool,
) -> None:
    """Look at every node for what would spoil a sweep.

    Versions, GPUs, clocks, disks, ports, the token and open doors: each with its mend. Exits
    with 1 if anything failed.
    """
    from cluster.doctor import Level, examine_cluster, examine_machine

    address = chosen_address(address, name)
    folder = None if run_folder is None else run_folder.absolute()
    findings = examine_machine(folder) if address is None else examine_cluster(address, folder)
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        print_table(_table(findings))
    if any(finding.level == Level.FAIL for finding in findings):
        context.exit(_FAILED)


def _table(findings: "list[Finding]") -> "Table":
    from rich.markup import escape

    table = table_of("", "check", "node", "seen", "mend")
    for each in findings:
        table.add_row(each.level, each.check, each.node, escape(each.seen), escape(each.mend))
    return table
