"""``ganorch verify``: is everything in a run folder what was committed?"""

from dataclasses import asdict

import click

from orchestrator.cli.location import LOCATION, Location, run_paths
from orchestrator.cli.output import print_json

_ALL = ("tables", "best", "trials")


@click.command()
@click.argument("run_dir", type=LOCATION)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def verify(context: click.Context, run_dir: Location, *, as_json: bool) -> None:
    """Check that what a run has written is still what it wrote.

    Looks at journal, spec, checkpoints, snapshots, tables and the best generator.

    Exits with 0 if all of it verifies, with 1 if a resume mends what does not, and with 2 if the
    journal or the spec is damaged, which nothing can replace.
    """
    from orchestrator.verification import verify_run

    with run_paths(run_dir, *_ALL) as paths:
        found = verify_run(paths).naming(paths.root, run_dir)
    if as_json:
        print_json(asdict(found))
    else:
        for damage in found.damages:
            click.echo(f"{damage.reason}: {damage.mend}")
        click.echo(f"{found.num_checked} checked, {len(found.damages)} damaged")
    if found.damages:
        context.exit(2 if found.is_fatal else 1)
