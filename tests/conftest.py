"""What every test may ask for, and the conditions that all tests run under."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.own_code import own_code

__all__ = ["own_code"]

PACKAGES = ("search_spaces", "gan_models", "cluster", "orchestrator")

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch starts its threads
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")

# A job in the background of a shell ignores Ctrl+C, and so would all that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

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


@pytest.fixture(scope="session", autouse=True)
def feature_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Train a feature network once for all tests and their processes, away from the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANORCH_CACHE", str(tmp_path_factory.mktemp("feature-cache")))
        yield
