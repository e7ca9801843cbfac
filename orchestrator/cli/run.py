"""``ganorch run``: a whole sweep, or what it would cost."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.errors import resumable
from orchestrator.cli.location import LOCATION, WORKDIR, Location, driven_place, holds_run
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from cluster.resources import Capacity
    from orchestrator.config.model import SweepConfig
    from orchestrator.pace import Pace
    from orchestrator.sweep import Place
    from search_spaces.space import SearchSpace


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=LOCATION,
    help="The run folder, which must not exist yet: a path, or a URI such as s3://bucket/name.  "
    "[default: runs/NAME]",
)
@WORKDIR
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override the spec, such as search.trials=4. May be given again.",
)
@click.option(
    "--address", metavar="HOST:PORT", help="Join this Ray cluster, start none; within a job: auto."
)
@click.option(
    "--dry-run",
    "modes",
    flag_value="plan",
    multiple=True,
    help="Check the spec, print it and its cost, and stop.",
)
@click.option(
    "--time",
    "modes",
    flag_value="timed",
    multiple=True,
    help="As --dry-run, and train for seconds to know the cost in hours.",
)
@click.option(
    "--or-resume",
    "modes",
    flag_value="or-resume",
    multiple=True,
    help="Go on with the run folder where it holds this sweep, as after a requeue.",
)
@click.option("--quiet", is_flag=True, help="Show no progress.")
def run(
    spec: Path,
    *,
    out: Location | None,
    overrides: tuple[str, ...],
    modes: tuple[str, ...],
    quiet: bool,
    **where: Any,
) -> None:
    """Carry out a whole sweep.

    Search, train, judge, select, certify, export, report: all that SPEC asks for.
    """
    from orchestrator.config.load import load_config

    config = load_config(spec, overrides)
    check_address(config, where["address"])
    folder = out or Path("runs") / config.name
    if {"plan", "timed"} & {*modes}:
        _show_plan(config, where["address"], folder, is_timed="timed" in modes)
        return
    with resumable(folder):
        goes_on = "or-resume" in modes and holds_run(folder)
        with driven_place(folder, is_new=not goes_on, **where) as place:
            _carry_out(config, folder, place, is_new=not goes_on, is_quiet=quiet)


def check_address(config: "SweepConfig", address: str | None) -> None:
    """Refuse a cluster's address for a sweep that would not use it.

    Raises:
        UsageError: if the backend is none of a cluster.
    """
    if address is not None and config.backend == "in-process":
        raise UsageError(f"--address {address}: backend = 'in-process' joins no cluster: use 'ray'")


def _carry_out(
    config: "SweepConfig", folder: Location, place: "Place", *, is_new: bool, is_quiet: bool
) -> None:
    from orchestrator.cli.summary import print_summary
    from orchestrator.progress import Plan, choose_listener
    from orchestrator.run_folder import check_same_sweep
    from orchestrator.sweep import resume_sweep, run_sweep

    listener = choose_listener(sys.stderr, plan=Plan.of(config), is_quiet=is_quiet)
    if is_new:
        history = run_sweep(config, place, listener)
    else:
        check_same_sweep(place.paths, config)
        history = resume_sweep(place, listener)
    print_summary(folder, history)


def _show_plan(
    config: "SweepConfig", address: str | None, folder: Location, *, is_timed: bool
) -> None:
    """Print the spec and, as comments, the plan: the whole is a spec again."""
    from orchestrator.config.load import config_yaml
    from orchestrator.pace import describe_hours
    from orchestrator.plan import describe_plan, plan_sweep
    from orchestrator.preflight import check_sweep, describe_left_out
    from orchestrator.sweep import make_scheduler

    space = check_sweep(config)
    concurrent = _num_concurrent(config, address)
    plan = plan_sweep(config, make_scheduler(config), concurrent=concurrent)
    pace = _timed_pace(config, space) if is_timed else _known_pace(config, folder)
    lines = [*describe_left_out(config), *describe_plan(plan), *describe_hours(plan, pace, config)]
    click.echo(config_yaml(config) + "\n" + "\n".join(f"# {line}" for line in lines))


def _num_concurrent(config: "SweepConfig", address: str | None) -> int:
    from cluster.resources import TrialResources, concurrent_trials

    resources = config.resources
    per_trial = TrialResources(resources.cpus_per_trial, resources.gpus_per_trial)
    concurrent = concurrent_trials(_capacity(address), per_trial, resources.limit)
    return 1 if config.backend == "in-process" else concurrent


def _timed_pace(config: "SweepConfig", space: "SearchSpace") -> "Pace":
    from orchestrator.timing import timed_pace

    return timed_pace(config, space)


def _known_pace(config: "SweepConfig", folder: Location) -> "Pace | None":
    """Return the pace of what ran in the folder where this sweep would go, if it is the same."""
    from orchestrator.pace import is_of_one_pace, pace_of_run
    from orchestrator.paths import RunPaths
    from orchestrator.run_folder import open_config, open_history

    if not isinstance(folder, Path):
        return None
    paths = RunPaths(folder)
    if not paths.sweep.is_file() or not is_of_one_pace(config, open_config(paths)):
        return None
    return pace_of_run(open_history(paths), str(folder))


def _capacity(address: str | None) -> "Capacity":
    from cluster.attached import attached_ray
    from cluster.local import local_capacity

    if address is None:
        return local_capacity()
    with attached_ray(address) as capacity:
        return capacity
