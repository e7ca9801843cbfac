from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from gan_models.model_folder import load_model
from orchestrator.paths import RunPaths

Ganorch = Callable[..., Result]
Refused = Callable[..., str]


@pytest.mark.parametrize("place", ["root", "best"])
def test_numbers_are_those_of_the_model_whether_named_by_run_or_folder(
    ganorch: Ganorch, run: RunPaths, tmp_path: Path, place: str
) -> None:
    out = tmp_path / "fakes.npz"
    result = ganorch("generate", getattr(run, place), "-n", 30, "-o", out, "--seed", 7)
    assert (result.exit_code, result.stdout) == (0, f"{out}\n")
    with np.load(out, allow_pickle=False) as arrays:
        assert list(arrays) == ["samples"]
        assert arrays["samples"].dtype == np.float32
        np.testing.assert_array_equal(
            arrays["samples"], load_model(run.best).draw(30, seed=7).numpy()
        )


def test_a_picture_is_drawn(ganorch: Ganorch, run: RunPaths, tmp_path: Path) -> None:
    assert ganorch("generate", run.root, "-o", tmp_path / "new" / "a.png").exit_code == 0
    with Image.open(tmp_path / "new" / "a.png") as picture:
        assert picture.format == "PNG"


def test_a_file_is_only_replaced_by_force(
    ganorch: Ganorch, refused: Refused, run: RunPaths, tmp_path: Path
) -> None:
    out = tmp_path / "a.png"
    out.write_text("mine")
    assert refused("generate", run.root, "-o", out).endswith("--force replaces a file")
    assert out.read_text() == "mine"
    assert ganorch("generate", run.root, "-o", out, "--force").exit_code == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused(refused: Refused, run: RunPaths, tmp_path: Path) -> None:
    assert "must end in .png or .npz" in refused("generate", run.root, "-o", tmp_path / "a.jpg")
    out = ["-o", tmp_path / "a.png"]
    assert "neither a model folder nor a run folder" in refused("generate", tmp_path, *out)
    assert "no such folder" in refused("generate", tmp_path / "none", *out)
    (tmp_path / "file").touch()
    below_a_file = ["-o", tmp_path / "file" / "a.png"]
    assert "cannot be written" in refused("generate", run.root, *below_a_file)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_run_without_a_generator_says_how_to_get_one(
    refused: Refused, halted_run: RunPaths, tmp_path: Path
) -> None:
    line = refused("generate", halted_run.root, "-o", tmp_path / "a.png")
    assert f"no generator was selected yet: `ganorch resume {halted_run.root}`" in line
