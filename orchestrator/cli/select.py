"""``ganorch select``: the finals again, on what a run folder has now."""

from pathlib import Path

import click


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option("--now", is_flag=True, help="Do not wait for trials that are not finished.")
def select(run_dir: Path, *, now: bool) -> None:
    """Re-test the finalists, certify the winner, and hand it over."""
    from orchestrator.cli.summary import print_summary
    from orchestrator.paths import RunPaths
    from orchestrator.reselection import reselect

    paths = RunPaths(run_dir)
    print_summary(paths, reselect(paths, despite_unfinished=now))
