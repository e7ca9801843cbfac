"""``ganorch report``: the page that tells a sweep's story."""

import click

from orchestrator.cli.errors import writing_to
from orchestrator.cli.location import LOCATION, Location, run_paths
from orchestrator.paths import RunPaths
from orchestrator.storage.uri import StoreUri


@click.command()
@click.argument("run_dirs", type=LOCATION, nargs=-1, required=True)
def report(run_dirs: tuple[Location, ...]) -> None:
    """Write report.html anew.

    The sweep may be finished or running.
    """
    from orchestrator.report.page import write_report

    for run_dir in run_dirs:
        with run_paths(run_dir, "best") as paths:
            if isinstance(run_dir, StoreUri):
                _fetch_pictures(run_dir, paths)
            with writing_to(paths.report):
                write_report(paths)
            if isinstance(run_dir, StoreUri):
                _store_page(run_dir, paths)
            click.echo(paths.report)


def _fetch_pictures(uri: StoreUri, paths: RunPaths) -> None:
    from orchestrator.run_folder import open_history
    from orchestrator.storage.objects import open_store
    from orchestrator.storage.reading import fetch_pictures

    records = open_history(paths).records
    fetch_pictures(open_store(uri), paths, [(each.trial_id, each.nimg) for each in records])


def _store_page(uri: StoreUri, paths: RunPaths) -> None:
    from orchestrator.storage.objects import open_store

    open_store(uri).put(paths.report, paths.report.name)
