"""One small sweep of real trials, carried out once for all tests that look at a finished one."""

import pytest

from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.sweep import Place, run_sweep
from tests.orchestrator.scripted import make_config

SMALL_SWEEP = {
    "name": "small",
    "fixed": {"width": 16, "depth": 1, "batch_size": 32},
    "search": {"sampler": "tpe", "trials": 4},
    "budget": {"kimg_per_trial": 2},
    "evaluation": {"every_kimg": 0.5},
    "scheduler": {"kind": "asha", "grace_kimg": 0.5, "reduction": 2},
    "selection": {"finalists": 2, "seeds": 2, "diversity": {"coverage": 0.0}},
}


@pytest.fixture(scope="session")
def finished_sweep(tmp_path_factory: pytest.TempPathFactory) -> RunPaths:
    """Return the folder of a finished sweep; whoever changes it works on a copy."""
    paths = RunPaths(tmp_path_factory.mktemp("runs") / "small")
    run_sweep(make_config(**SMALL_SWEEP), Place(paths), SilentListener())
    return paths
