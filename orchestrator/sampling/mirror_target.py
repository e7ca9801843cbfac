"""Where a study is mirrored: a journal file of Optuna's, or a database by URL; never a password."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

NONE = "none"
JOURNAL = "journal"
DEFAULT_FILE = "study.journal"
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_CONNECT_S = 5


def target_problem(target: str) -> str | None:
    """Return why a target cannot be meant, without repeating a password; None if it can."""
    kind, _, rest = target.partition(":")
    if target in (NONE, JOURNAL) or (kind == JOURNAL and rest):
        return None
    parts = urlsplit(target)
    if "://" not in target or parts.scheme not in _DRIVERS:
        urls = " or ".join(f"{scheme}://…" for scheme in _DRIVERS)
        return f"must be none, journal, journal:FILE, {urls}"
    named = [name for name, _ in parse_qsl(parts.query)]
    if ":" in parts.netloc.rpartition("@")[0] or "password" in named:
        return "must hold no password: it comes from PGPASSWORD, or from ~/.pgpass"
    return None


def shown(target: str) -> str:
    """Return a target as it may be printed, also one that holds a password."""
    if "://" not in target:
        return target
    parts = urlsplit(target)
    user, at, host = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{user.partition(':')[0]}{at}{host}{parts.path}"


def journal_file(target: str, folder: Path) -> Path | None:
    """Return the file of a journal target, relative names below ``folder``; None for a URL."""
    kind, _, rest = target.partition(":")
    return folder / (rest or DEFAULT_FILE) if kind == JOURNAL else None


def engine_url(target: str) -> str:
    """Return a URL with the driver that we install for it."""
    scheme, _, rest = target.partition("://")
    return f"{_DRIVERS[scheme]}://{rest}"


def connect_options(target: str) -> dict[str, int]:
    """Return how long to wait for a connection, as the driver calls it."""
    return {"timeout" if target.startswith("sqlite") else "connect_timeout": _CONNECT_S}
