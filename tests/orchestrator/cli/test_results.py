import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_json_holds_ranked_trials_selection_and_certificate(
    ganorch: Ganorch, run: RunPaths
) -> None:
    found = json.loads(ganorch("results", run.root, "--json").stdout)
    metrics = json.loads((run.best / "metrics.json").read_text())
    assert [row["rank"] for row in found["trials"]] == [1, 2]
    assert [row["is_selected"] for row in found["trials"]] == [True, False]
    assert found["trials"][0]["trial_id"] == metrics["trial_id"]
    assert found["certificate"] == metrics["certificate"]
    assert found["selection"] == metrics["selection"]


def test_the_table_has_a_line_for_each_trial(ganorch: Ganorch, run: RunPaths) -> None:
    heading, *rows = ganorch("results", run.root).stdout.splitlines()
    assert heading.split()[:3] == ["#", "smoothed", "FID"]
    assert len(rows) == 2
    assert rows[0].startswith("★ 1")


def test_an_unfinished_sweep_is_ranked_as_far_as_it_is(
    ganorch: Ganorch, halted_run: RunPaths
) -> None:
    found = json.loads(ganorch("results", halted_run.root, "--json").stdout)
    assert [row["status"] for row in found["trials"]] == ["completed", "running"]
    assert (found["selection"], found["certificate"]) == (None, None)


def test_a_folder_without_a_sweep_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "not a run folder" in refused("results", tmp_path / "none")
