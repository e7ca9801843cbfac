"""``ganorch select``: the finals again, on what a run folder has now."""

from pathlib import Path

import click

from orchestrator.cli.location import LOCATION, WORKDIR, Location, driven_place


@click.command()
@click.argument("run_dir", type=LOCATION)
@WORKDIR
@click.option("--now", is_flag=True, help="Do not wait for trials that are not finished.")
def select(run_dir: Location, *, now: bool, workdir: Path | None) -> None:
    """Re-test the finalists, certify the winner, and hand it over."""
    from orchestrator.cli.summary import print_summary
    from orchestrator.reselection import reselect

    with driven_place(run_dir, address=None, workdir=workdir, is_new=False) as place:
        history = reselect(place.paths, place.store, despite_unfinished=now)
        print_summary(run_dir, history)
