from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from gan_models.model_folder import load_model
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


def test_best_is_shipped_whole(ganorch: Ganorch, run: RunPaths, tmp_path: Path) -> None:
    dest = tmp_path / "new" / "shipped"
    result = ganorch("export", run.root, dest)
    assert (result.exit_code, result.stdout) == (0, f"{dest}\n")
    assert {file.name for file in dest.iterdir()} == {file.name for file in run.best.iterdir()}
    load_model(dest)


def test_nothing_is_overwritten_and_no_place_unwritable(
    refused: Refused, run: RunPaths, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("mine")
    assert "exists already" in refused("export", run.root, tmp_path / "file")
    assert "cannot be written" in refused("export", run.root, tmp_path / "file" / "dest")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_run_that_has_nothing_to_ship_is_refused(
    refused: Refused, halted_run: RunPaths, tmp_path: Path
) -> None:
    assert "no generator was selected yet" in refused("export", halted_run.root, tmp_path / "a")
    assert "not a run folder" in refused("export", tmp_path, tmp_path / "a")
