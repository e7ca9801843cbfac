import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """A run that goes on improving, and one that is NaN from its third row on."""
    path = tmp_path / "curves.csv"
    good = [f"good,{step},{step * 1000},{100 / (1 + step)}" for step in range(40)]
    bad = [f"bad,{step},{step * 1000},{50 if step < 2 else 'nan'}" for step in range(40)]
    path.write_text("\n".join(["run,step,nimg,fid", *good, *bad]))
    return path


def test_json_is_a_list_with_an_entry_for_each_run(ganorch: Ganorch, curves: Path) -> None:
    result = ganorch("judge", curves, "--json")
    assert result.exit_code == 0
    good, bad = json.loads(result.stdout)
    keys = ["run", "verdict", "action", "stop_step", "best_step", "reason", "verdicts"]
    assert list(good) == keys
    assert (good["run"], good["verdict"], good["stop_step"]) == ("good", "improving", None)
    assert (bad["run"], bad["verdict"], bad["stop_step"]) == ("bad", "dead", 2)
    assert [entry["step"] for entry in bad["verdicts"]] == list(range(40))


def test_the_table_says_when_and_why(ganorch: Ganorch, curves: Path) -> None:
    heading, good, bad = ganorch("judge", curves).stdout.splitlines()
    assert " ".join(heading.split()) == "run verdict action stop at step best step reason"
    assert good.split()[:5] == ["good", "improving", "go", "on", "—"]
    assert bad.split()[:5] == ["bad", "dead", "stop", "reject", "2"]


def test_a_budget_is_taken_into_account(ganorch: Ganorch, curves: Path) -> None:
    assert "warming up" in ganorch("judge", curves, "--budget-kimg", 5000).stdout


def test_what_a_sweep_recorded_can_be_judged(ganorch: Ganorch, run: RunPaths) -> None:
    for recorded in (run.evaluations_table, run.tensorboard):
        judged = json.loads(ganorch("judge", recorded, "--json").stdout)
        assert len(judged) == 2


def test_what_is_no_curve_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "no such file or folder" in refused("judge", tmp_path / "none.csv")
    assert "x>0" in refused("judge", tmp_path, "--budget-kimg", 0)
