from pathlib import Path

import pytest
import torch

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError
from gan_models.model_folder import Model, save_model
from gan_models.networks.registry import build_generator
from gan_models.samples import SampleKind, SampleSpec
from orchestrator.errors import RunFolderError
from orchestrator.generators import generator_folder, open_generator
from orchestrator.paths import RunPaths

SAMPLE = SampleSpec(SampleKind.POINT, (2,))


def write_model(folder: Path) -> Model:
    folder.mkdir(parents=True)
    config = GanConfig(network="mlp", width=8, depth=1, latent_dim=3)
    model = Model(build_generator(config, SAMPLE).eval().requires_grad_(False), config, SAMPLE)
    save_model(folder, model)
    return model


def test_a_model_folder_stands_for_itself(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model")
    assert generator_folder(tmp_path / "model") == tmp_path / "model"
    drawn = open_generator(tmp_path / "model").draw(5, seed=1)
    assert torch.equal(drawn, model.draw(5, seed=1))


def test_a_run_folder_stands_for_its_best(tmp_path: Path) -> None:
    write_model(RunPaths(tmp_path).best)
    RunPaths(tmp_path).sweep.touch()
    assert generator_folder(tmp_path) == tmp_path / "best"


def test_a_run_without_a_best_says_how_to_get_one(tmp_path: Path) -> None:
    RunPaths(tmp_path).sweep.touch()
    with pytest.raises(RunFolderError, match=f"no generator .*`ganorch resume {tmp_path}`"):
        generator_folder(tmp_path)


def test_any_other_folder_stands_for_none(tmp_path: Path) -> None:
    assert generator_folder(tmp_path) is None
    with pytest.raises(CheckpointError, match="neither a model folder nor a run folder"):
        open_generator(tmp_path)
    with pytest.raises(CheckpointError, match="none: no such folder"):
        open_generator(tmp_path / "none")


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    (tmp_path / "model" / "generator.safetensors").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="checksum"):
        open_generator(tmp_path / "model")
