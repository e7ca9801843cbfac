"""What goes to stdout: tables for people, JSON for programs."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.table import Table

_UNLIMITED = 100_000  # characters; plain text is cut by nobody


def print_json(value: Any) -> None:
    """Print one JSON document; NaN is refused, say None."""
    click.echo(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False))


def print_table(table: "Table") -> None:
    """Print a table: by rich on a terminal, else as aligned text without colours and cuts."""
    from rich.console import Console

    console = Console()
    if console.is_terminal:
        console.print(table)
        return
    wide = Console(width=_UNLIMITED, no_color=True)
    with wide.capture() as captured:
        wide.print(table)
    for line in captured.get().splitlines():
        click.echo(line.rstrip())


def table_of(*headings: str, right: tuple[str, ...] = ()) -> "Table":
    """Return an empty table without borders; the columns in ``right`` hold numbers."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        justify = "right" if heading in right else "left"
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    return table


def facts_table(facts: dict[str, str]) -> "Table":
    """Return names and values in two columns without headings."""
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, value in facts.items():
        table.add_row(name, escape(value))
    return table
