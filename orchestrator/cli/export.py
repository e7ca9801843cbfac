"""``ganorch export``: ship the generator that a sweep hands over."""

from pathlib import Path

import click

from orchestrator.cli.errors import writing_to


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.argument("dest", type=click.Path(path_type=Path))
def export(run_dir: Path, dest: Path) -> None:
    """Copy the best generator of a run to a new folder.

    It holds weights, numbers, samples and a model card.
    """
    from orchestrator.export.folder import ship
    from orchestrator.paths import RunPaths
    from orchestrator.run_folder import open_config

    paths = RunPaths(run_dir)
    open_config(paths)
    with writing_to(dest):
        click.echo(ship(paths, dest))
