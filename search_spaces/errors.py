"""The one error of this package, and the hint that its messages share."""

import difflib
from collections.abc import Iterable


class SpaceError(ValueError):
    """A search space that cannot be meant, or parameters that do not lie in it."""


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Say which names are allowed, the nearest first: ``did you mean 'd_lr'? allowed: …``."""
    names = list(allowed)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}allowed: {', '.join(names)}"
