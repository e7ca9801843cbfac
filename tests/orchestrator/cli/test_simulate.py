import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    """Nine runs of 40 rows, each at a level of its own; hours in every row."""
    path = tmp_path / "curves.csv"
    rows = [
        f"run-{level},{100 * step},{level * (1 + 30 / (step + 1))},{step + 1}"
        for level in (6, 3, 9, 1, 8, 5, 2, 7, 4)
        for step in range(40)
    ]
    path.write_text("\n".join(["run,step,fid,hours", *rows]))
    return path


def test_json_says_what_was_spent_and_delivered(ganorch: Ganorch, curves: Path) -> None:
    result = ganorch("simulate", curves, "--policy", "ours", "--json")
    assert result.exit_code == 0
    played = json.loads(result.stdout)
    assert played["policy"] == "ours"
    assert played["compute_unit"] == "hours"
    assert played["compute_full"] == 9 * 40
    assert 0.0 < played["compute_used_frac"] < 0.7
    assert (played["winner"], played["winner_is_true_best"]) == ("run-1", True)
    assert played["regret_frac"] == pytest.approx(0.0)
    assert len(played["runs"]) == 9


def test_several_policies_stand_side_by_side(ganorch: Ganorch, curves: Path) -> None:
    heading, full, ours = ganorch("simulate", curves, "--policy", "full,ours").stdout.splitlines()
    assert heading.split()[0] == "policy"
    assert full.split()[:4] == ["full", "360", "hours", "100.0%"]
    assert ours.split()[0] == "ours"
    both = json.loads(ganorch("simulate", curves, "--policy", "full,ours", "--json").stdout)
    assert [each["policy"] for each in both] == ["full", "ours"]


def test_an_unknown_policy_is_refused(refused: Refused, curves: Path) -> None:
    assert "policy 'our': did you mean 'ours'" in refused("simulate", curves, "--policy", "our")


def test_a_file_that_is_not_there_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "no such file" in refused("simulate", tmp_path / "none.csv")
