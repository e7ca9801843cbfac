"""What every test may ask for, and the conditions that all tests run under."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

PACKAGES = ("search_spaces", "gan_models", "cluster", "orchestrator")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch starts its threads
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

# A loaded machine is no failure, and a test that fails must fail again when it is run alone.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the folder that holds pyproject.toml."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def source_files(repository: Path) -> list[Path]:
    """Return every module of the four packages, in a stable order."""
    return sorted(file for package in PACKAGES for file in (repository / package).rglob("*.py"))
