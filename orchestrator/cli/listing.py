"""``ganorch list``: what can be named in a spec, and what is recorded."""

from typing import TYPE_CHECKING

import click

from orchestrator.cli.output import print_table, table_of

if TYPE_CHECKING:
    from search_spaces.space import SearchSpace


@click.group("list")
def listing() -> None:
    """Show what a spec can name."""


@listing.command()
def spaces() -> None:
    """List the search spaces."""
    from search_spaces.catalog import SPACES

    _print_pairs(("space", "for"), {name: space.doc for name, space in SPACES.items()})


@listing.command()
@click.argument("name")
def space(name: str) -> None:
    """Show what a search space varies, and why.

    Of each parameter: its range, where it exists, and what it is varied for.
    """
    from search_spaces.catalog import named_space

    found = named_space(name)
    click.echo(f"{found.name}: {found.doc}\n")
    _print_parameters(found)


@listing.command()
def datasets() -> None:
    """List the data sets and the kinds of files."""
    from gan_models.data.source import DATASET_NAMES, FILE_KINDS

    _print_pairs(("data: {name: …}", "what it holds"), DATASET_NAMES)
    click.echo()
    _print_pairs(("data: {path: …, kind: …}", "what is read"), FILE_KINDS)


@listing.command()
def networks() -> None:
    """List the architectures."""
    from gan_models.networks.registry import ARCHITECTURES

    _print_pairs(
        ("network", "what it is"), {each.name: each.doc for each in ARCHITECTURES.values()}
    )


@listing.command()
def losses() -> None:
    """List the adversarial losses.

    Each with formula and source; D and G may use different ones.
    """
    from gan_models.objectives.losses import OBJECTIVES

    table = table_of("loss", "formula", "source (arXiv)")
    for each in OBJECTIVES.values():
        table.add_row(each.name, each.formula, each.source)
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
