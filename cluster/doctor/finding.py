"""One line of the doctor's."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: a sweep goes well, may suffer, or will."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What was looked at, where, what was seen, and how it is mended."""

    level: Level
    check: str
    node: str
    seen: str
    mend: str = ""


def ok(check: str, node: str, seen: str) -> Finding:
    """Return that all is well."""
    return Finding(Level.OK, check, node, seen)


def warn(check: str, node: str, seen: str, mend: str) -> Finding:
    """Return what may hurt."""
    return Finding(Level.WARN, check, node, seen, mend)


def fail(check: str, node: str, seen: str, mend: str) -> Finding:
    """Return what will hurt."""
    return Finding(Level.FAIL, check, node, seen, mend)
