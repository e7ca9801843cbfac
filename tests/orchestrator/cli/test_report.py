from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_the_page_of_each_run_is_written_anew(
    ganorch: Ganorch, own_run: RunPaths, halted_run: RunPaths
) -> None:
    own_run.report.unlink(missing_ok=True)
    result = ganorch("report", own_run.root, halted_run.root)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [str(own_run.report), str(halted_run.report)]
    assert own_run.report.read_text().startswith("<!")


def test_a_folder_without_a_sweep_is_refused(refused: Refused, tmp_path: Path) -> None:
    assert "not a run folder" in refused("report", tmp_path)
    assert not list(tmp_path.iterdir())
