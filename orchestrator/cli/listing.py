"""``ganorch list``: what can be named in a spec, and what is recorded."""

from collections.abc import Collection
from inspect import getdoc
from typing import TYPE_CHECKING, TypeVar

import click

from orchestrator.cli.output import print_table, table_of

if TYPE_CHECKING:
    from gan_models.plugins import Plugin
    from search_spaces.space import SearchSpace


_Kind = TypeVar("_Kind")


@click.group("list")
def listing() -> None:
    """Show what a spec can name."""


@listing.command()
def spaces() -> None:
    """List the search spaces."""
    from gan_models import plugins
    from search_spaces.catalog import SPACES
    from search_spaces.space import SearchSpace

    brought = _brought(plugins.SPACES, SPACES, SearchSpace)
    docs = {name: space.doc for name, space in SPACES.items()}
    docs |= {each.name: f"{space.doc}; {_by(each)}" for each, space in brought}
    _print_pairs(("space", "for"), docs)


@listing.command()
@click.argument("name")
def space(name: str) -> None:
    """Show what a search space varies, and why.

    Of each parameter: its range, where it exists, and what it is varied for.
    """
    from orchestrator.spaces import find_space

    found = find_space(name)
    click.echo(f"{name}: {found.doc}\n")
    _print_parameters(found)


@listing.command()
def datasets() -> None:
    """List the data sets and the kinds of files."""
    from gan_models import plugins
    from gan_models.data.source import DATASET_NAMES, FILE_KINDS

    brought = _brought(plugins.DATASETS, DATASET_NAMES, object)
    docs = DATASET_NAMES | {
        each.name: f"{_first_line(load)}; {_by(each)}" for each, load in brought
    }
    _print_pairs(("data: {name: …}", "what it holds"), docs)
    click.echo()
    _print_pairs(("data: {path: …, kind: …}", "what is read"), FILE_KINDS)


@listing.command()
def networks() -> None:
    """List the architectures."""
    from gan_models import plugins
    from gan_models.networks.base import Architecture
    from gan_models.networks.registry import ARCHITECTURES

    brought = _brought(plugins.NETWORKS, ARCHITECTURES, Architecture)
    docs = {name: each.doc for name, each in ARCHITECTURES.items()}
    docs |= {each.name: f"{network.doc}; {_by(each)}" for each, network in brought}
    _print_pairs(("network", "what it is"), docs)


@listing.command()
def losses() -> None:
    """List the adversarial losses.

    Each with formula and source; D and G may use different ones.
    """
    from rich.markup import escape

    from gan_models import plugins
    from gan_models.objectives.losses import OBJECTIVES, Objective

    table = table_of("loss", "formula", "source (arXiv)")
    for name, loss in OBJECTIVES.items():
        table.add_row(name, loss.formula, loss.source)
    for each, loss in _brought(plugins.LOSSES, OBJECTIVES, Objective):
        table.add_row(each.name, escape(loss.formula), escape(f"{loss.source}; {_by(each)}"))
    print_table(table)


@listing.command()
def regularisers() -> None:
    """List what keeps D, or G, smooth.

    Each with what a spec writes for it, formula and source.
    """
    from rich.markup import escape

    from gan_models.objectives.regularisers import REGULARISERS

    table = table_of("regulariser", "in a spec", "formula", "source (arXiv)")
    for each in REGULARISERS.values():
        table.add_row(each.name, each.setting, escape(each.formula), each.source)
    print_table(table)


@listing.command()
def metrics() -> None:
    """List the recorded metrics, and the features.

    Features are what distances between samples are taken in.
    """
    from gan_models.features.resolve import FEATURE_NAMES
    from orchestrator.columns import COLUMN_MEANINGS

    _print_pairs(("column", "meaning"), COLUMN_MEANINGS)
    click.echo()
    _print_pairs(("evaluation: {features: …}", "what is compared"), FEATURE_NAMES)


def _brought(group: str, ours: Collection[str], kind: type[_Kind]) -> list[tuple["Plugin", _Kind]]:
    """Return what installed packages bring; what cannot be had is one line on standard error."""
    from gan_models.errors import FactoryError
    from gan_models.plugins import load_brought, plugins, refusals

    for line in refusals(group, ours):
        click.echo(f"ganorch: warning: {line}", err=True)
    found = []
    for name, plugin in plugins(group, ours).items():
        try:
            found.append((plugin, load_brought(group, name, kind, group)))
        except FactoryError as error:
            click.echo(f"ganorch: warning: {' '.join(str(error).split())}", err=True)
    return found


def _by(plugin: "Plugin") -> str:
    return f"by the package {plugin.package}"


def _first_line(thing: object) -> str:
    return (getdoc(thing) or "a data set").partition("\n")[0].rstrip(".")


def _print_pairs(headings: tuple[str, str], pairs: dict[str, str]) -> None:
    from rich.markup import escape

    table = table_of(*headings)
    for name, text in pairs.items():
        table.add_row(escape(name), escape(text))
    print_table(table)


def _print_parameters(found: "SearchSpace") -> None:
    from rich.markup import escape

    from gan_models.config import parameter_docs
    from search_spaces.domains import describe_value

    docs = parameter_docs()
    table = table_of("parameter", "range", "exists where", "why")
    for name, value in found.pinned.items():
        table.add_row(name, f"{describe_value(value)} (fixed)", "", escape(docs.get(name, "")))
    for each in found.parameters:
        condition = each.describe_condition() or "always"
        table.add_row(
            each.name, escape(each.domain.describe()), escape(condition), escape(each.why)
        )
    print_table(table)
