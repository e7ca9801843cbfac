"""``ganorch report``: the page that tells a sweep's story."""

from pathlib import Path

import click

from orchestrator.cli.errors import writing_to


@click.command()
@click.argument("run_dirs", type=click.Path(path_type=Path), nargs=-1, required=True)
def report(run_dirs: tuple[Path, ...]) -> None:
    """Write report.html anew.

    The sweep may be finished or running.
    """
    from orchestrator.paths import RunPaths
    from orchestrator.report.page import write_report

    for run_dir in run_dirs:
        paths = RunPaths(run_dir)
        with writing_to(paths.report):
            write_report(paths)
        click.echo(paths.report)
