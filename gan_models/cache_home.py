"""Where on this machine is kept what can be made or fetched again."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return ``$GANORCH_CACHE``, or ``ganorch`` under ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    if chosen := os.environ.get("GANORCH_CACHE"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "ganorch"
