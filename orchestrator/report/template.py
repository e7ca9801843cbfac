"""How the templates of the pages are filled in; everything that comes from a user is escaped."""

from base64 import b64encode
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestrator.report.verdicts import verdict_tone
from orchestrator.wording import (
    format_adjustment,
    format_exploit,
    format_fid,
    format_kimg,
    format_lost_attempt,
    format_number,
)


def fill_template(name: str, **values: Any) -> str:
    """Return the page that a template makes of some values; ``name`` is its path from here."""
    return _environment().get_template(name).render(**values)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[[Any], str]] = {
        "fid": format_fid,
        "share": lambda value: format_number(value, ".3f"),
        "count": lambda value: format_number(value, ",.0f"),
        "tenths": lambda value: format_number(value, ".1f"),
        "kimg": format_kimg,
        "ratio": lambda value: format_number(value, ".2f"),
        "words": lambda value: str(value).replace("_", " "),
        "param": format_param,
        "data_uri": lambda png: "data:image/png;base64," + b64encode(png).decode(),
        "tone": verdict_tone,
        "adjustment": format_adjustment,
        "exploit": format_exploit,
        "lost_attempt": format_lost_attempt,
    }
    environment.filters |= filters
    return environment


def format_param(value: object) -> str:
    """Write a parameter's value: floats short, booleans as words.

    >>> format_param(0.00020000001), format_param(True), format_param("hinge")
    ('0.0002', 'yes', 'hinge')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)
