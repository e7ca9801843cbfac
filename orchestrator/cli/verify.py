"""``ganorch verify``: is everything in a run folder what was committed?"""

from dataclasses import asdict
from pathlib import Path

import click

from orchestrator.cli.output import print_json


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def verify(context: click.Context, run_dir: Path, *, as_json: bool) -> None:
    """Check that what a run has written is still what it wrote.

    Looks at journal, spec, checkpoints, snapshots, tables and the best generator.

    Exits with 0 if all of it verifies, with 1 if a resume mends what does not, and with 2 if the
    journal or the spec is damaged, which nothing can replace.
    """
    from orchestrator.paths import RunPaths
    from orchestrator.verification import verify_run

    found = verify_run(RunPaths(run_dir))
    if as_json:
        print_json(asdict(found))
    else:
        for damage in found.damages:
            click.echo(f"{damage.reason}: {damage.mend}")
        click.echo(f"{found.num_checked} checked, {len(found.damages)} damaged")
    if found.damages:
        context.exit(2 if found.is_fatal else 1)
