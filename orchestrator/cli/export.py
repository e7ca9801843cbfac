"""``ganorch export``: ship the generator that a sweep hands over."""

from pathlib import Path

import click

from orchestrator.cli.errors import writing_to
from orchestrator.cli.location import LOCATION, Location, run_paths


@click.command()
@click.argument("run_dir", type=LOCATION)
@click.argument("dest", type=click.Path(path_type=Path))
def export(run_dir: Location, dest: Path) -> None:
    """Copy the best generator of a run to a new folder.

    It holds weights, numbers, samples and a model card.
    """
    from orchestrator.export.folder import ship
    from orchestrator.run_folder import open_config

    with run_paths(run_dir, "best") as paths:
        open_config(paths)
        with writing_to(dest):
            click.echo(ship(paths, dest))
