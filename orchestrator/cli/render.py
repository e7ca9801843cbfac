"""``ganorch cluster render``: a described cluster as the files that something else starts."""

from pathlib import Path

import click

from orchestrator.cli.errors import writing_to
from orchestrator.errors import UsageError

TARGETS = ("slurm", "kuberay", "ray-up", "systemd")
_OVERWRITE = "--force replaces it"


@click.command()
@click.argument("target", type=click.Choice(TARGETS))
@click.argument("description", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="A folder for the files.  [default: print them]",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override the description, such as nodes.max=8. May be given again.",
)
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def render(
    target: str, *, description: Path, out: Path | None, overrides: tuple[str, ...], force: bool
) -> None:
    """Write DESCRIPTION, a cluster in a few lines of YAML, as what TARGET starts it from.

    A batch script for Slurm, a RayCluster and a RayJob for KubeRay, a configuration of ray up, or
    units for systemd.
    """
    from cluster.errors import ClusterError
    from cluster.manifests.description import Description
    from cluster.manifests.render import render as render_files
    from orchestrator.config.load import load_as

    described = load_as(Description, description, overrides)
    try:
        files = render_files(target, described)
    except ClusterError as error:
        raise UsageError(f"{description}: {error}") from error
    if out is None:
        click.echo("\n".join(_with_separator(name, text) for name, text in files.items()), nl=False)
    else:
        _write(out, files, may_replace=force)


def _with_separator(name: str, text: str) -> str:
    return f"---\n{text}" if name.endswith(".yaml") else text


def _write(folder: Path, files: dict[str, str], *, may_replace: bool) -> None:
    """Write all files, or none where one is in the way."""
    from gan_models.files import write_text

    taken = [folder / name for name in files if (folder / name).exists()]
    if taken and not may_replace:
        raise UsageError(f"{taken[0]}: exists already; {_OVERWRITE}")
    with writing_to(folder):
        for name, text in files.items():
            write_text(folder / name, text)
    for name in files:
        click.echo(str(folder / name))
