"""``ganorch submit``, ``jobs``, ``logs``, ``cancel``: sweeps that a cluster runs by itself."""

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.output import print_json, print_table, table_of
from orchestrator.errors import GanorchError, UsageError

if TYPE_CHECKING:
    from cluster.jobs import Job
    from orchestrator.config.model import SweepConfig

_RUN_FOLDER = "run_folder"  # the note by which a job says where its sweep is
_END_OF_SPEC = "END_OF_SPEC"
_SHARED = re.compile(r"(/|[a-z][a-z0-9]*://)[^\x00-\x1f]*")

_address = click.option(
    "--address",
    metavar="URL",
    default="http://127.0.0.1:8265",
    show_default=True,
    help="Of the head node's dashboard.",
)


@click.command()
@click.argument("spec", type=click.Path(path_type=Path))
@_address
@click.option("--out", required=True, help="The run folder, on storage that every node sees.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override the spec, such as search.trials=4. May be given again.",
)
@click.option("--name", help="What the job's name begins with.  [default: the sweep's name]")
@click.option(
    "--python", default="python3", show_default=True, help="The interpreter on the head node."
)
def submit(
    spec: Path,
    *,
    address: str,
    out: str,
    overrides: tuple[str, ...],
    name: str | None,
    python: str,
) -> None:
    """Run the sweep of SPEC on a cluster, and print the job's name.

    The spec travels with the job; data that it names by a path must lie there on the cluster.
    Submitted again for the same run folder, the sweep goes on where it was interrupted.
    """
    from cluster.jobs import job_queue
    from orchestrator.cli.run import check_address
    from orchestrator.config.load import load_config

    config = load_config(spec, overrides)
    check_address(config, address)
    if not _SHARED.fullmatch(out):
        raise UsageError(f"--out {out}: must be an absolute path on storage that every node sees")
    with job_queue(address) as queue:
        _warn_of_listeners(address)
        command = _command(config, out, python)
        click.echo(queue.submit(command, name=name or config.name, notes={_RUN_FOLDER: out}))


@click.command()
@_address
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def jobs(*, address: str, as_json: bool) -> None:
    """List the jobs of a cluster, those that started last first."""
    from cluster.jobs import job_queue

    with job_queue(address) as queue:
        found = queue.jobs()
    if as_json:
        print_json({"jobs": [_facts(job) for job in found]})
        return
    table = table_of("job", "status", "run folder")
    for job in found:
        table.add_row(job.id, job.status.lower(), job.notes.get(_RUN_FOLDER, ""))
    print_table(table)


@click.command()
@click.argument("job")
@_address
@click.option("--follow", is_flag=True, help="Go on until the job ends; fail if it has failed.")
def logs(job: str, *, address: str, follow: bool) -> None:
    """Print what a job has printed."""
    from cluster.jobs import job_queue

    with job_queue(address) as queue:
        if not follow:
            click.echo(queue.logs(job), nl=False)
            return
        for text in queue.follow(job):
            click.echo(text, nl=False)
        ended = queue.find(job)
    if ended.status == "FAILED":
        raise GanorchError(f"job '{job}' has failed: {ended.message}")


@click.command()
@click.argument("job")
@_address
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(min=0),
    default=130.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for its end.",
)
def cancel(job: str, *, address: str, wait_s: float) -> None:
    """End a job in order, and say what remains of it.

    Its trials save what they have trained before they leave.
    """
    from cluster.jobs import job_queue

    with job_queue(address) as queue:
        ended = queue.stop(job, wait_s=wait_s)
    if not ended.is_over:
        raise GanorchError(f"job '{job}' is still {ended.status.lower()} after {wait_s:g} s")
    if ended.status == "SUCCEEDED":
        click.echo(f"job '{job}' had succeeded before")
        return
    folder = ended.notes.get(_RUN_FOLDER)
    rest = f"; submitted again with --out {folder}, its sweep goes on" if folder else ""
    click.echo(f"job '{job}' is {ended.status.lower()}{rest}")


def _command(config: "SweepConfig", out: str, python: str) -> str:
    """Return the job's command: the spec is its standard input, as text that is only read."""
    from orchestrator.config.load import config_yaml

    words = [python, "-m", "orchestrator", "run", "-", "--or-resume", "--out", out]
    command = shlex.join([*words, "--address", "auto"])
    return f"umask 077\nexec {command} <<'{_END_OF_SPEC}'\n{config_yaml(config)}{_END_OF_SPEC}\n"


def _warn_of_listeners(address: str) -> None:
    from cluster.job_server import JobServer

    if JobServer.parse(address).is_overheard:
        click.echo(
            "ganorch: the token crosses the network unencrypted; better through a tunnel: "
            "ssh -L 8265:127.0.0.1:8265 HEAD",
            err=True,
        )


def _facts(job: "Job") -> dict[str, str]:
    return {
        "job": job.id,
        "status": job.status.lower(),
        "message": job.message,
        _RUN_FOLDER: job.notes.get(_RUN_FOLDER, ""),
    }
