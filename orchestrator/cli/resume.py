"""``ganorch resume``: go on after any interruption."""

import sys
from pathlib import Path

import click

from orchestrator.cli.errors import resumable
from orchestrator.cli.run import check_address


@click.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a cap or the number of trials, such as budget.max_hours=48. May be given again.",
)
@click.option(
    "--address", metavar="HOST:PORT", help="Join this Ray cluster, start none; within a job: auto."
)
@click.option("--quiet", is_flag=True, help="Show no progress.")
def resume(run_dir: Path, *, overrides: tuple[str, ...], address: str | None, quiet: bool) -> None:
    """Go on with a sweep; finished trials are not run again.

    Trials that a cap has cut short go on once it is raised. Trials that were paused to the end
    wait again, and may go on, once there are more of search.trials to come.
    """
    from orchestrator.cli.summary import print_summary
    from orchestrator.paths import RunPaths
    from orchestrator.progress import Plan, choose_listener
    from orchestrator.run_folder import change_limits, open_config
    from orchestrator.sweep import Place, resume_sweep

    paths = RunPaths(run_dir)
    if overrides:
        change_limits(paths, overrides)
    config = open_config(paths)
    check_address(config, address)
    listener = choose_listener(sys.stderr, plan=Plan.of(config), is_quiet=quiet)
    with resumable(run_dir):
        history = resume_sweep(Place(paths, address), listener)
    print_summary(paths, history)
