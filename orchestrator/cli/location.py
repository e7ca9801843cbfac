"""A run folder on a command line: a path, or the URI of one in a store."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.errors import GanorchError, UsageError
from orchestrator.paths import RunPaths
from orchestrator.storage.uri import StoreUri, is_uri, parse_uri

if TYPE_CHECKING:
    from orchestrator.sweep import Place

Location = Path | StoreUri


class LocationType(click.ParamType[Location]):
    """Takes ``s3://…``, ``gs://…`` and ``file:///…`` for URIs, and all else for paths."""

    name = "path"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Location:
        """Read a location."""
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]
        if not is_uri(value):
            return Path(value)
        try:
            return parse_uri(value)
        except GanorchError as error:
            self.fail(str(error), param, ctx)


LOCATION = LocationType()
WORKDIR = click.option(
    "--workdir",
    type=click.Path(path_type=Path),
    help="Where to work on a run folder that lies in a store.  [default: in the cache]",
)


@contextmanager
def run_paths(location: Location, *parts: str) -> Iterator[RunPaths]:
    """Give a run folder to look at; of one in a store the spec, the journal and ``parts``."""
    if isinstance(location, Path):
        yield RunPaths(location)
        return
    from orchestrator.storage.reading import copy_of

    with copy_of(str(location), *parts) as paths:
        yield paths


@contextmanager
def local_path(location: Location, *parts: str) -> Iterator[Path]:
    """Give what a location names, be it a run folder or something inside one.

    Of a run folder in a store that is the spec, the journal and ``parts``.
    """
    if isinstance(location, Path):
        yield location
        return
    from orchestrator.storage.reading import copy_inside

    with copy_inside(location, *parts) as path:
        yield path


@contextmanager
def driven_place(
    location: Location, *, address: str | None, workdir: Path | None, is_new: bool
) -> Iterator["Place"]:
    """Give the place of a sweep that this process drives.

    Raises:
        UsageError: if a working folder is named for a run folder that is no URI.
    """
    from orchestrator.sweep import Place

    if isinstance(location, Path):
        if workdir is not None:
            raise UsageError(
                f"--workdir {workdir}: {location} is a path, and worked on where it is"
            )
        yield Place(RunPaths(location), address)
        return
    from orchestrator.storage.run import stored_run

    with stored_run(str(location), workdir, is_new=is_new) as (paths, store):
        yield Place(paths, address, store)


def holds_run(location: Location) -> bool:
    """Say whether a sweep has begun there."""
    if isinstance(location, Path):
        return RunPaths(location).sweep.is_file()
    from orchestrator.storage.reading import holds_run as is_stored

    return is_stored(location)


def all_paths(stack: ExitStack, locations: tuple[Location, ...], *parts: str) -> list[RunPaths]:
    """Give several run folders to look at, until the stack is left."""
    return [stack.enter_context(run_paths(each, *parts)) for each in locations]
