"""A home of their own for the clusters that tests start."""

from pathlib import Path

import pytest


@pytest.fixture
def local_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep clusters in a folder that does not exist yet."""
    home = tmp_path / "home"
    monkeypatch.setenv("GANORCH_HOME", str(home))
    return home
