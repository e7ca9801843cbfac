import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from cluster.doctor.finding import Finding, fail, ok, warn

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Stand in for what a cluster shows."""
    findings = [ok("ports", "10.0.0.2", "2 of 2 reached"), warn("disk", "10.0.0.2", "5 GB", "room")]
    monkeypatch.setattr("cluster.doctor.examine_cluster", lambda address, folder: findings)
    return findings


def test_each_finding_is_a_line_with_its_mend(ganorch: Ganorch, found: list[Finding]) -> None:
    result = ganorch("cluster", "doctor", "--address", "10.0.0.1:6379")
    lines = [line.split() for line in result.stdout.splitlines()[1:]]
    assert lines == [
        ["ok", "ports", "10.0.0.2", "2", "of", "2", "reached"],
        ["warn", "disk", "10.0.0.2", "5", "GB", "room"],
    ]


def test_a_failure_ends_with_one_and_json_says_the_same(
    ganorch: Ganorch, found: list[Finding]
) -> None:
    found.append(fail("token", "10.0.0.2", "mode 0644", "chmod 600"))
    result = ganorch("cluster", "doctor", "--address", "10.0.0.1:6379", "--json")
    assert result.exit_code == 1
    last = json.loads(result.stdout)[-1]
    assert last == {
        "level": "fail",
        "check": "token",
        "node": "10.0.0.2",
        "seen": "mode 0644",
        "mend": "chmod 600",
    }


def test_the_run_folder_goes_to_the_nodes_as_a_whole_path(
    ganorch: Ganorch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders: list[Path | None] = []

    def examine(folder: Path | None) -> list[Finding]:
        folders.append(folder)
        return []

    monkeypatch.setattr("cluster.doctor.examine_machine", examine)
    monkeypatch.chdir(tmp_path)
    ganorch("cluster", "doctor", "--run-folder", "runs")
    ganorch("cluster", "doctor")
    assert folders == [tmp_path / "runs", None]


def test_one_cluster_can_be_meant(refused: Refused) -> None:
    said = refused("cluster", "doctor", "--address", "a:1", "--name", "b")
    assert "--address and --name: only one of them can be meant" in said
