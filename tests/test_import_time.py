"""The command line answers before anything heavy is loaded."""

import subprocess
import sys
from time import perf_counter

import pytest

HEAVY = {"torch", "ray", "optuna", "pyarrow"}
HEAVY_FOR_HELP = HEAVY | {"numpy", "pydantic", "rich", "yaml"}
SHOW_HELP = "from orchestrator.cli.app import main; main(['--help'])"
SHOW_LOADED = "import sys; print(*sys.modules, file=sys.stderr)"


@pytest.mark.parametrize(
    "module",
    ["search_spaces", "gan_models", "gan_models.config", "cluster", "orchestrator"]
    + ["orchestrator.cli.app"],
)
def test_importing_loads_nothing_heavy(module: str) -> None:
    result = run_python(f"import {module}\n{SHOW_LOADED}")
    assert result.returncode == 0, result.stderr
    assert not HEAVY & set(result.stderr.split())


def test_help_loads_nothing_heavy() -> None:
    result = run_python(f"try:\n    {SHOW_HELP}\nfinally:\n    {SHOW_LOADED}")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Usage:")
    assert not HEAVY_FOR_HELP & set(result.stderr.split())


def test_help_answers_sooner_than_torch_loads() -> None:
    assert best_seconds(SHOW_HELP) < best_seconds("import torch")


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def best_seconds(code: str, repeats: int = 3) -> float:
    def seconds() -> float:
        start = perf_counter()
        run_python(code).check_returncode()
        return perf_counter() - start

    return min(seconds() for _ in range(repeats))
