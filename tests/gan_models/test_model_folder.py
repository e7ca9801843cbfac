import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError, ParameterError
from gan_models.files import file_sha256, write_json
from gan_models.manifest import write_manifest
from gan_models.model_folder import (
    DESCRIPTION_FILE,
    WEIGHTS_FILE,
    Model,
    load_model,
    save_model,
)
from gan_models.networks.registry import build_generator
from gan_models.samples import Classes, SampleKind, SampleSpec

CONFIG = GanConfig(network="dcgan", width=8, latent_dim=4)
IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def model() -> Model:
    return Model(build_generator(CONFIG, IMAGE, seed=7).eval(), CONFIG, IMAGE)


@pytest.fixture
def folder(tmp_path: Path, model: Model) -> Path:
    save_model(tmp_path, model, trial_id="lusab-babad", nimg=640)
    return tmp_path


def description_of(folder: Path) -> dict[str, Any]:
    description: dict[str, Any] = json.loads((folder / DESCRIPTION_FILE).read_text())
    return description


def test_a_loaded_model_draws_what_the_saved_one_drew(folder: Path, model: Model) -> None:
    loaded = load_model(folder)

    assert (loaded.config, loaded.sample) == (CONFIG, IMAGE)
    assert torch.equal(loaded.draw(20, seed=1), model.draw(20, seed=1))


def test_statistics_of_batch_norm_travel_with_the_weights(tmp_path: Path, model: Model) -> None:
    model.generator.train()
    model.generator(torch.randn(16, 4, generator=torch.Generator().manual_seed(0)))
    model.generator.eval()

    save_model(tmp_path, model)

    assert torch.equal(load_model(tmp_path).draw(8, seed=0), model.draw(8, seed=0))


def test_a_loaded_model_only_computes(folder: Path) -> None:
    generator = load_model(folder).generator

    assert not any(module.training for module in generator.modules())
    assert not any(weight.requires_grad for weight in generator.parameters())


def test_the_folder_says_what_the_model_is(folder: Path) -> None:
    description = description_of(folder)

    assert sorted(file.name for file in folder.iterdir()) == [WEIGHTS_FILE, DESCRIPTION_FILE]
    assert description["sample"] == {"kind": "image", "shape": [1, 8, 8]}
    assert GanConfig.from_params(description["params"]) == CONFIG
    assert description["files"] == {
        WEIGHTS_FILE: {
            "size_bytes": (folder / WEIGHTS_FILE).stat().st_size,
            "sha256": file_sha256(folder / WEIGHTS_FILE),
        }
    }
    assert (description["trial_id"], description["nimg"]) == ("lusab-babad", 640)


def test_weights_are_plain_tensors(folder: Path, model: Model) -> None:
    with safe_open(folder / WEIGHTS_FILE, framework="pt") as tensors:
        assert set(tensors.keys()) == set(model.generator.state_dict())


def test_samples_are_drawn_in_stored_form_by_their_seed_alone(model: Model) -> None:
    before = torch.get_rng_state()

    stored = model.draw(9, seed=3)

    assert (stored.shape, stored.dtype) == ((9, 1, 8, 8), torch.uint8)
    assert torch.equal(stored, model.draw(9, seed=3))
    assert not torch.equal(stored, model.draw(9, seed=4))
    assert torch.equal(torch.get_rng_state(), before)


def test_drawing_keeps_no_graph(model: Model) -> None:
    assert not model.draw_seen(2, seed=0).requires_grad


def test_many_samples_are_drawn_in_parts_and_none_is_lost(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = model.draw_seen(20, seed=0)
    sizes: list[int] = []
    model.generator.register_forward_hook(lambda _, given, __: sizes.append(len(given[0])))
    monkeypatch.setattr("gan_models.model_folder._BATCH", 8)

    in_parts = model.draw_seen(20, seed=0)

    assert sizes == [8, 8, 4]
    torch.testing.assert_close(in_parts, at_once, rtol=0, atol=1e-6)


def test_points_are_drawn_as_float32(tmp_path: Path) -> None:
    config = GanConfig(network="mlp", width=8, latent_dim=2)
    points = SampleSpec(SampleKind.POINT, (2,))
    save_model(tmp_path, Model(build_generator(config, points), config, points))

    stored = load_model(tmp_path).draw(5, seed=0)

    assert (stored.shape, stored.dtype) == ((5, 2), torch.float32)


def test_a_folder_without_a_description_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"not a model folder \(no model.json\)"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""])
def test_a_torn_description_is_named(folder: Path, content: bytes) -> None:
    (folder / DESCRIPTION_FILE).write_bytes(content)

    with pytest.raises(CheckpointError, match=r"model\.json: not JSON"):
        load_model(folder)


@pytest.mark.parametrize(
    ("value", "version"), [([], None), ("model", None), ({}, None), ({"version": 1}, 1)]
)
def test_another_version_is_refused(folder: Path, value: Any, version: int | None) -> None:
    write_json(folder / DESCRIPTION_FILE, value)

    with pytest.raises(CheckpointError, match=f"version {version}, but this program reads 3"):
        load_model(folder)


def flip_a_bit(weights: Path) -> None:
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def cut_off(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-100])


@pytest.mark.parametrize("damage", [flip_a_bit, cut_off, Path.unlink])
def test_damaged_weights_are_refused(folder: Path, damage: Callable[[Path], None]) -> None:
    damage(folder / WEIGHTS_FILE)

    with pytest.raises(CheckpointError, match=r"generator\.safetensors: missing or damaged"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it.pop("params"), r"model\.json: has no 'params'"),
        (lambda it: it.pop("sample"), r"model\.json: has no 'sample'"),
        (lambda it: it["sample"].pop("shape"), r"model\.json: has no 'shape'"),
        (lambda it: it.update(sample=None), r"model\.json: describes no model"),
        (lambda it: it["sample"].update(kind="song"), "describes no model .*'song'"),
        (lambda it: it["sample"].update(shape=[2]), r"describes no model .*cannot have shape \(2,"),
        (lambda it: it["sample"].update(shape=[1, 4, 4]), "describes no model .*8 to 64 pixels"),
        (lambda it: it["params"].update(width=0), "describes no model .*width = 0: must be at"),
        (lambda it: it["params"].update(wide=8), "describes no model .*unknown parameter 'wide'"),
        (lambda it: it["params"].update(width=16), "its weights do not fit the DcganGenerator"),
        (lambda it: it["params"].update(generator_norm="none"), "its weights do not fit"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    folder: Path, change: Change, message: str
) -> None:
    description = description_of(folder)
    del description["files"], description["sha256"]
    change(description)
    write_manifest(folder / DESCRIPTION_FILE, description)

    with pytest.raises(CheckpointError, match=message):
        load_model(folder)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_model_on_a_gpu_is_seeded_alike_and_its_samples_come_to_the_cpu(folder: Path) -> None:
    on_gpu = load_model(folder, device="cuda")

    stored = on_gpu.draw(16, seed=0)

    assert on_gpu.draw_seen(2, seed=0).device.type == "cuda"
    assert stored.device.type == "cpu"
    difference = stored.int() - load_model(folder).draw(16, seed=0).int()
    assert int(difference.abs().max()) <= 1


def test_samples_come_to_the_cpu_from_any_device(model: Model) -> None:
    model.generator.to("meta")  # a device at hand everywhere, from which no number can come

    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        model.draw(2, seed=0)


@pytest.fixture(params=["concat", "projection", "auxiliary"])
def conditional(request: pytest.FixtureRequest) -> Model:
    config = replace(CONFIG, conditioning=request.param)
    sample = replace(IMAGE, classes=Classes(("cat", "dog", "0"), (0.5, 0.25, 0.25)))
    return Model(build_generator(config, sample, seed=7).eval(), config, sample)


def test_a_conditional_model_travels_with_its_classes(tmp_path: Path, conditional: Model) -> None:
    save_model(tmp_path, conditional)

    loaded = load_model(tmp_path)

    assert loaded.classes == conditional.sample.classes
    assert torch.equal(loaded.draw(600, seed=1), conditional.draw(600, seed=1))
    labels = loaded.labels(600, seed=1)
    assert labels is not None
    assert (labels == 0).double().mean() == pytest.approx(0.5, abs=0.06)


def test_a_class_is_asked_for_by_name_or_else_by_index(conditional: Model) -> None:
    by_class = conditional.draw_each_class(4, seed=3)

    for index, name in enumerate(("cat", "dog", "0")):
        drawn = conditional.draw_class(name, 4, seed=3)
        assert torch.equal(by_class[4 * index : 4 * index + 4], drawn)
    assert torch.equal(
        conditional.draw_class("1", 4, seed=3), conditional.draw_class("dog", 4, seed=3)
    )
    with pytest.raises(ParameterError, match="class 'cow': .*allowed: 0, cat, dog"):
        conditional.draw_class("cow", 4, seed=3)


def test_a_model_without_conditioning_has_no_classes_whatever_its_data_had(tmp_path: Path) -> None:
    sample = replace(IMAGE, classes=Classes(("a", "b"), (0.5, 0.5)))
    save_model(tmp_path, Model(build_generator(CONFIG, sample).eval(), CONFIG, sample))

    loaded = load_model(tmp_path)

    assert loaded.classes is None
    assert loaded.labels(3, seed=0) is None
    assert set(description_of(tmp_path)["sample"]) == {"kind", "shape"}
    with pytest.raises(ParameterError, match="it knows no classes"):
        loaded.draw_class("a", 1, seed=0)
    with pytest.raises(ParameterError, match="it knows no classes"):
        loaded.draw_each_class(1, seed=0)
