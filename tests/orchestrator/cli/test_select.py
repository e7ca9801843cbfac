import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_the_same_trials_give_the_same_selection_and_a_new_best(
    ganorch: Ganorch, own_run: RunPaths
) -> None:
    before = json.loads((own_run.best / "metrics.json").read_text())
    (own_run.best / "metrics.json").unlink()
    result = ganorch("select", own_run.root)
    assert result.exit_code == 0
    assert result.stdout.startswith("winner ")
    assert json.loads((own_run.best / "metrics.json").read_text()) == before
    assert last_event(own_run) == "selected"


def test_unfinished_trials_are_waited_for_unless_it_must_be_now(
    ganorch: Ganorch, refused: Refused, halted_run: RunPaths
) -> None:
    journal = halted_run.journal.read_bytes()
    line = refused("select", halted_run.root)
    assert "1 of 2 trials are not finished" in line
    assert f"`ganorch resume {halted_run.root}`" in line
    assert halted_run.journal.read_bytes() == journal
    result = ganorch("select", halted_run.root, "--now")
    assert result.exit_code == 0, result.exception
    assert halted_run.best.is_dir()
    assert halted_run.report.is_file()


def test_a_folder_without_a_sweep_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "not a run folder" in refused("select", tmp_path)
    assert not list(tmp_path.iterdir())


def last_event(paths: RunPaths) -> str:
    return str(json.loads(paths.journal.read_text().splitlines()[-1])["event"])
