from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

from gan_models.config import GanConfig
from gan_models.model_folder import Model, load_model, save_model
from gan_models.networks.registry import build_generator
from gan_models.samples import Classes, SampleKind, SampleSpec
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


def test_a_class_or_each_of_them_may_be_asked_for(
    ganorch: Ganorch, refused: Refused, run: RunPaths, tmp_path: Path
) -> None:
    sample = SampleSpec(SampleKind.IMAGE, (1, 8, 8), Classes(("cat", "dog"), (0.5, 0.5)))
    config = GanConfig(network="mlp", width=8, conditioning="concat")
    model = Model(build_generator(config, sample).eval(), config, sample)
    save_model(tmp_path, model)

    for label, expected in (
        ("dog", model.draw_class("dog", 3, seed=0)),
        ("each", model.draw_each_class(3, seed=0)),
    ):
        out = tmp_path / f"{label}.npz"
        result = ganorch("generate", tmp_path, "-n", 3, "--class", label, "-o", out)
        assert result.exit_code == 0
        with np.load(out, allow_pickle=False) as arrays:
            np.testing.assert_array_equal(arrays["samples"], expected.numpy())
    picture = tmp_path / "each.png"
    assert ganorch("generate", tmp_path, "-n", 3, "--class", "each", "-o", picture).exit_code == 0

    out = tmp_path / "none.npz"
    assert "allowed: cat, dog" in refused("generate", tmp_path, "--class", "dug", "-o", out)
    assert "it knows no classes" in refused("generate", run.root, "--class", "0", "-o", out)
