"""``ganorch audit``: whether a sweep's decisions follow from what it recorded."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.location import LOCATION, Location, run_paths
from orchestrator.cli.output import print_json, print_table, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from orchestrator.audit import Difference

_DIFFERENT = 1  # exit code


@click.command()
@click.argument("run_dir", type=LOCATION)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def audit(context: click.Context, *, run_dir: Location, as_json: bool) -> None:
    """Decide all anew from the journal, and compare.

    Every verdict, pause, stop, promotion and end. Exits with 1 if one differs, as it may where
    another version of the rules decided.
    """
    from orchestrator.audit import audit as audit_journal
    from orchestrator.journal import open_events
    from orchestrator.run_folder import open_config, open_protocol
    from orchestrator.sweep import make_scheduler

    with run_paths(run_dir) as paths:
        config = open_config(paths)
        events = open_events(paths)
        found = audit_journal(config, open_protocol(paths), events, make_scheduler(config))
    if as_json:
        print_json(asdict(found))
    else:
        if found.differences:
            print_table(_table(found.differences))
        click.echo(f"{found.num_decisions} decisions made anew, {len(found.differences)} differ")
    if found.differences:
        context.exit(_DIFFERENT)


def _table(differences: "list[Difference]") -> "Table":
    table = table_of("at", "event", "trial", "recorded", "from the record", right=("at",))
    for each in differences:
        recorded, replayed = (_in_words(side) for side in (each.recorded, each.replayed))
        table.add_row(str(each.seq), each.event, each.trial_id, recorded, replayed)
    return table


def _in_words(decision: Any) -> str:
    from rich.markup import escape

    if not decision:
        return "nothing"
    return escape(", ".join(f"{key}: {value}" for key, value in decision.items()))
