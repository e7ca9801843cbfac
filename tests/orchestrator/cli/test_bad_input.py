"""Whatever is wrong with what a user hands over: one line, exit 2, and nothing written or lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from orchestrator.paths import RunPaths

Refused = Callable[..., str]


@pytest.fixture
def refused_run(refused: Refused, spec: Path) -> Callable[..., str]:
    """Return what runs the tiny spec with other sections, and checks that nothing was written."""

    def run(*words: object, **sections: Any) -> str:
        spec.write_text(yaml.safe_dump(yaml.safe_load(spec.read_text()) | sections))
        before = files_of(spec.parent)
        line = refused("run", spec, "--out", spec.parent / "out", *words)
        assert files_of(spec.parent) == before
        return line

    return run


def files_of(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def write_images(folder: Path, count: int) -> Path:
    folder.mkdir()
    for index in range(count):
        Image.fromarray(np.full((8, 8), index, np.uint8)).save(folder / f"{index:03d}.png")
    return folder


def test_an_unknown_key(refused_run: Callable[..., str]) -> None:
    assert "unknown key 'serch': did you mean 'search'?" in refused_run(serch={"trials": 3})


def test_an_unknown_key_deeper_down(refused_run: Callable[..., str]) -> None:
    line = refused_run("--set", "search.trails=3")
    assert "unknown key 'search.trails': did you mean 'trials'?" in line


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("search.trials=0", "search.trials = 0: must be greater than or equal to 1"),
        ("budget.kimg_per_trial=-5", "budget.kimg_per_trial = -5"),
        ("evaluation.every_kimg=9", "evaluation.every_kimg = 9.0: must not exceed"),
        ("search.sampler=grid", "search.sampler = 'grid'"),
        ("fixed.d_lr=-1", "d_lr = -1: must be greater than 0.0"),
        ("fixed.d_loss=hinges", "d_loss = 'hinges': did you mean 'hinge'?"),
        ("fixed.d_lrr=1", "fixed.d_lrr is no parameter: did you mean 'd_lr'?"),
        ("space=dcgam", "space = 'dcgam': did you mean 'dcgan'?"),
        ("space={d_lr: {float: [1, 0]}}", "low = 1 must not exceed high = 0"),
        ("name=a/b", "name = 'a/b'"),
        ("search", "--set search: write it as key=value"),
    ],
)
def test_a_value_out_of_range(refused_run: Callable[..., str], override: str, message: str) -> None:
    assert message in refused_run("--set", override)


def test_a_spec_that_is_missing_or_no_yaml(refused: Refused, tmp_path: Path) -> None:
    assert "none.yaml: cannot be read" in refused("run", tmp_path / "none.yaml")
    (tmp_path / "torn.yaml").write_text("name: [")
    assert "not YAML" in refused("run", tmp_path / "torn.yaml")


def test_an_empty_folder(refused_run: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    line = refused_run(data={"path": "images"})
    assert line.startswith(f"{tmp_path / 'images'}: empty")


def test_a_corrupt_image(refused_run: Callable[..., str], tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 60)
    whole = (images / "007.png").read_bytes()
    (images / "007.png").write_bytes(whole[: len(whole) // 2])
    line = refused_run(data={"path": "images"}, space="dcgan", fixed={})
    assert line == f"{images / '007.png'}: not an image, or a broken one"


def test_nan_in_data(refused_run: Callable[..., str], tmp_path: Path) -> None:
    points = np.zeros((100, 2), np.float32)
    points[41, 1] = np.nan
    np.save(tmp_path / "points.npy", points)
    line = refused_run(data={"path": "points.npy"})
    assert line.startswith(f"{tmp_path / 'points.npy'}: row 41 holds NaN")


def test_too_few_images_for_the_metric(refused_run: Callable[..., str], tmp_path: Path) -> None:
    write_images(tmp_path / "images", 20)
    line = refused_run(data={"path": "images"}, space="dcgan", fixed={})
    assert "too few samples: 20; at least 72 are needed" in line


def test_too_few_fakes_for_the_metric(refused_run: Callable[..., str]) -> None:
    line = refused_run("--set", "evaluation.samples=4")
    assert "evaluation.samples = 4: must be greater than or equal to 16" in line


def test_an_unwritable_run_folder(refused: Refused, spec: Path) -> None:
    (spec.parent / "file").write_text("mine")
    before = files_of(spec.parent)
    out = spec.parent / "file" / "run"
    assert refused("run", spec, "--out", out).startswith(f"{out}: cannot be written")
    assert files_of(spec.parent) == before


def test_a_run_folder_that_exists(refused: Refused, own_run: RunPaths, spec: Path) -> None:
    before = files_of(own_run.root)
    line = refused("run", spec, "--out", own_run.root)
    assert f"`ganorch resume {own_run.root}`" in line
    assert files_of(own_run.root) == before


def test_gpus_asked_of_a_machine_that_has_none(
    refused_run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    line = refused_run("--set", "resources.gpus_per_trial=1")
    assert line.startswith("a trial asks for 1 GPU; the largest node has 0")


def test_a_spec_that_cannot_fit_the_cluster(refused_run: Callable[..., str]) -> None:
    line = refused_run("--set", "resources.cpus_per_trial=4096")
    assert line.startswith("a trial asks for 4096 CPUs; the largest node has ")
    assert "set resources.cpus_per_trial to at most" in line


def test_a_refused_spec_can_be_mended_and_run_into_the_same_folder(
    refused_run: Callable[..., str], spec: Path, ganorch: Callable[..., Any]
) -> None:
    refused_run("--set", "resources.cpus_per_trial=4096")
    assert ganorch("run", spec, "--out", spec.parent / "out", "--quiet").exit_code == 0
