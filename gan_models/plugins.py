"""What installed packages add by entry points: networks, losses, data sets, spaces.

A package names an object for a group in its metadata, and a spec then names it as if it were ours:

    [project.entry-points."ganorch.networks"]
    tiny = "tiny_gans:NETWORKS"
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Any, TypeVar

from gan_models.errors import FactoryError
from gan_models.factories import is_factory, load_object

NETWORKS, LOSSES = "ganorch.networks", "ganorch.losses"
DATASETS, SPACES = "ganorch.datasets", "ganorch.spaces"

_Kind = TypeVar("_Kind")


@dataclass(frozen=True)
class Plugin:
    """One entry point: its name, the ``module:name`` of what it stands for, and who brings it."""

    name: str
    target: str
    package: str


def plugins(group: str, ours: Collection[str]) -> Mapping[str, Plugin]:
    """Return what installed packages add to a group, by name; a name of ours stays ours."""
    return {
        each.name: each
        for each in _entry_points(group)
        if each.name not in ours and not _is_twice(each, group)
    }


def refusals(group: str, ours: Collection[str]) -> Iterator[str]:
    """Say of each entry point that is not taken why, and name its package."""
    for each in _entry_points(group):
        if each.name in ours:
            yield f"package {each.package}: '{each.name}' in {group} is a name of ours: not taken"
        elif _is_twice(each, group):
            yield f"package {each.package}: '{each.name}' in {group} is given twice: not taken"


def is_brought(group: str, name: str, ours: Collection[str]) -> bool:
    """Say whether a name that is not ours is a user's ``module:name``, or a package's."""
    return is_factory(name) or name in plugins(group, ours)


def target_of(group: str, name: str) -> str | None:
    """Return the ``module:name`` that a name in a spec stands for; None for a name of ours."""
    if is_factory(name):
        return name
    plugin = plugins(group, ()).get(name)
    return None if plugin is None else plugin.target


def load_brought(group: str, name: str, kind: type[_Kind], key: str) -> _Kind:
    """Return what a name that is not ours stands for.

    Args:
        group: of the entry points.
        name: ``module:name``, or that of an entry point.
        kind: what it must be.
        key: of the spec, for errors.

    Raises:
        FactoryError: if it cannot be imported, or is something else.
    """
    place, found = _load(group, name, key)
    if not isinstance(found, kind):
        raise FactoryError(
            f"{place}: is of type {type(found).__name__}, must be "
            f"{kind.__module__}.{kind.__qualname__}"
        )
    return found


@cache
def _load(group: str, name: str, key: str) -> tuple[str, Any]:
    """Return how to name it in errors, and the object."""
    target, place = target_of(group, name), f"{key} = '{name}'"
    if target is None:
        raise FactoryError(f"{place}: no installed package has it")
    if not is_factory(name):
        place += f" of the package {plugins(group, ())[name].package}"
    return place, load_object(target, place)


def _is_twice(plugin: Plugin, group: str) -> bool:
    return sum(each.name == plugin.name for each in _entry_points(group)) > 1


@cache
def _entry_points(group: str) -> tuple[Plugin, ...]:
    found = {
        Plugin(each.name, f"{each.module}:{each.attr}", each.dist.name if each.dist else "unknown")
        for each in entry_points(group=group)
    }
    return tuple(sorted(found, key=lambda each: (each.name, each.package)))
