"""``ganorch results``: the ranked trials."""

import click

from orchestrator.cli.location import LOCATION, Location, run_paths
from orchestrator.cli.output import print_json, print_table


@click.command()
@click.argument("run_dir", type=LOCATION)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def results(run_dir: Location, *, as_json: bool) -> None:
    """Rank the trials, with the verdict on each and what ended it."""
    from orchestrator.history import format_faults
    from orchestrator.leaderboard import results_mapping, results_table
    from orchestrator.run_folder import open_history

    with run_paths(run_dir) as paths:
        history = open_history(paths)
    if as_json:
        print_json(results_mapping(history))
        return
    print_table(results_table(history))
    if history.faults:
        click.echo(f"\nattempts that were lost: {format_faults(history.faults)}")
    if history.proposing_end is not None:
        click.echo(f"\nno more trials were proposed: {history.proposing_end['reason']}")
