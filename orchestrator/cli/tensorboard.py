"""``ganorch tensorboard``: look at the curves of one or several runs."""

import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from orchestrator.cli.location import LOCATION, Location, all_paths
from orchestrator.errors import RunFolderError


@click.command()
@click.argument("run_dirs", type=LOCATION, nargs=-1, required=True)
@click.option(
    "--port", type=click.IntRange(0, 65535), help="[default: 6006, or the next that is free]"
)
@click.option("--print-only", is_flag=True, help="Print the command and stop.")
def tensorboard(run_dirs: tuple[Location, ...], *, port: int | None, print_only: bool) -> None:
    """Look at curves, samples and HParams of runs.

    TensorBoard listens on this machine only.
    """
    with ExitStack() as stack:
        folders = [each.root for each in all_paths(stack, run_dirs, "tensorboard")]
        command = tensorboard_command(folders, port)
    click.echo(shlex.join(command), err=not print_only)
    if not print_only:
        os.execv(command[0], command)  # it says its own address


def tensorboard_command(run_dirs: Sequence[Path], port: int | None) -> list[str]:
    """Return the command that serves these runs on the loopback interface.

    Raises:
        RunFolderError: if a folder has no curves, or several runs cannot be told apart.
    """
    from orchestrator.paths import RunPaths

    folders = [RunPaths(each).tensorboard for each in run_dirs]
    for run_dir, folder in zip(run_dirs, folders, strict=True):
        if not folder.is_dir():
            raise RunFolderError(f"{run_dir}: holds no curves (no folder {folder.name}/)")
    if len(folders) == 1:
        source = ["--logdir", str(folders[0])]
    else:
        source = ["--logdir_spec", _named(run_dirs, folders)]
    place = ["--host", "localhost", *([] if port is None else ["--port", str(port)])]
    return [sys.executable, "-m", "tensorboard.main", *source, *place]


def _named(run_dirs: Sequence[Path], folders: Sequence[Path]) -> str:
    """Name each run by its folder, or by its path where two folders have one name."""
    names = [each.resolve().name for each in run_dirs]
    if len(set(names)) < len(names):
        names = [str(each) for each in run_dirs]
    for text in (*names, *map(str, folders)):
        if "," in text or ":" in text:
            raise RunFolderError(f"{text}: TensorBoard cannot tell apart paths with ',' or ':'")
    return ",".join(f"{name}:{folder}" for name, folder in zip(names, folders, strict=True))
