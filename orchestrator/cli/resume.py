"""``ganorch resume``: go on after any interruption."""

import sys
from pathlib import Path

import click

from orchestrator.cli.errors import resumable
from orchestrator.cli.location import LOCATION, WORKDIR, Location, driven_place
from orchestrator.cli.run import check_address


@click.command()
@click.argument("run_dir", type=LOCATION)
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
@WORKDIR
@click.option("--quiet", is_flag=True, help="Show no progress.")
def resume(
    run_dir: Location,
    *,
    overrides: tuple[str, ...],
    address: str | None,
    workdir: Path | None,
    quiet: bool,
) -> None:
    """Go on with a sweep; finished trials are not run again.

    Trials that a cap has cut short go on once it is raised. Trials that were paused to the end
    wait again, and may go on, once there are more of search.trials to come.
    """
    from orchestrator.cli.summary import print_summary
    from orchestrator.progress import Plan, choose_listener
    from orchestrator.run_folder import change_limits, open_config
    from orchestrator.sweep import resume_sweep

    with driven_place(run_dir, address=address, workdir=workdir, is_new=False) as place:
        if overrides:
            change_limits(place.paths, overrides)
        config = open_config(place.paths)
        check_address(config, address)
        listener = choose_listener(sys.stderr, plan=Plan.of(config), is_quiet=quiet)
        with resumable(run_dir):
            history = resume_sweep(place, listener)
        print_summary(run_dir, history)
