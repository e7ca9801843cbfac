import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.errors import CheckpointError
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.checkpoint import (
    MANIFEST_FILE,
    TENSORS_FILE,
    drop_checkpoints_after,
    drop_checkpoints_before,
    latest_nimg,
    load_weights,
    restore_latest,
    save_checkpoint,
)
from gan_models.training.loop import Progress, train
from gan_models.training.state import TrainState, new_state
from tests.gan_models.training.small_runs import (
    SMALL,
    SMALL_MLP,
    copy_of,
    differences,
    everything,
    make_points,
)

RUNS: dict[str, tuple[str, GanConfig]] = {
    "dcgan, R1, batch norm": ("digits", SMALL),
    "dcgan, spectral norm, hinge": (
        "digits",
        replace(SMALL, d_loss="hinge", g_loss="hinge", penalty="none", spectral_norm=True),
    ),
    "dcgan, Wasserstein, gradient penalty": (
        "digits",
        replace(SMALL, d_loss="wasserstein", g_loss="wasserstein", penalty="gradient-penalty"),
    ),
    "mlp on points": ("ring8", SMALL_MLP),
    "mlp on points that lie unaligned": ("five dimensions", replace(SMALL_MLP, batch_size=5)),
    "packs, gradient penalty": (
        "digits",
        replace(
            SMALL, pack=2, d_loss="wasserstein", g_loss="wasserstein", penalty="gradient-penalty"
        ),
    ),
    "packs, minibatch discrimination": (
        "digits",
        replace(SMALL, pack=2, minibatch="discrimination", minibatch_group=2),
    ),
    "unrolled, spectral norm": ("digits", replace(SMALL, unroll_steps=2, spectral_norm=True)),
    "replay of packs": (
        "ring8",
        replace(SMALL_MLP, batch_size=8, pack=2, replay_frac=0.5, replay_size=8),
    ),
    "replay, a pool that is not full": ("digits", replace(SMALL, replay_frac=0.5)),
    "two D steps a round": ("digits", replace(SMALL, d_steps=2, batch_size=5)),
    "rounds of an epoch": ("ten digits", replace(SMALL, round_unit="epochs")),
}
NUM_ROUNDS = 6
Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def data() -> dict[str, Dataset]:
    digits = load_splits(DataSource(name="digits")).train
    return {
        "digits": digits,
        "five dimensions": make_points(50, dimensions=5),
        "ten digits": replace(digits, stored=digits.stored[:10]),
        "ring8": load_splits(DataSource(name="ring8")).train,
    }


@pytest.fixture
def saved(tmp_path: Path, images: Dataset) -> list[tuple[Path, dict[str, Tensor]]]:
    """Return two checkpoints of one run, each with the state that it holds, the latest last."""
    state = new_state(SMALL, images.sample, seed=0)
    held = []
    for _ in islice(train(SMALL, state, images, seed=0, until_nimg=8), 2):
        held.append((save_checkpoint(tmp_path, state, SMALL), everything(state)))
    return held


def fresh(images: Dataset) -> TrainState:
    """Return a state that shares nothing with the one that was saved."""
    return new_state(SMALL, images.sample, seed=99)


def terms_of(progress: Progress) -> list[float]:
    terms = (progress.d_terms.loss, progress.d_terms.penalty, progress.g_loss)
    return [progress.nimg, progress.step, *(float(term) for term in terms if term is not None)]


@pytest.mark.parametrize("num_rounds_before", [0, 1, 4])
@pytest.mark.parametrize("run", RUNS)
def test_a_run_that_was_interrupted_ends_bit_for_bit_as_one_that_was_not(
    tmp_path: Path, data: dict[str, Dataset], run: str, num_rounds_before: int
) -> None:
    real, config = data[RUNS[run][0]], RUNS[run][1]
    whole, killed = (new_state(config, real.sample, seed=5) for _ in range(2))

    def rounds(state: TrainState, count: int) -> list[list[float]]:
        pulled = islice(train(config, state, real, seed=5, until_nimg=10_000), count)
        return [terms_of(progress) for progress in pulled]

    terms = rounds(whole, NUM_ROUNDS)
    before = rounds(killed, num_rounds_before)
    save_checkpoint(tmp_path, killed, config)
    rounds(killed, 1)  # what came after the last checkpoint is lost
    resumed = new_state(config, real.sample, seed=99)
    assert restore_latest(tmp_path, resumed, config)
    after = rounds(resumed, NUM_ROUNDS - num_rounds_before)

    assert before + after == terms
    assert not differences(everything(resumed), everything(whole))


def test_what_is_saved_is_everything_that_training_changes(
    saved: list[tuple[Path, dict[str, Tensor]]], images: Dataset
) -> None:
    (path, held), state = saved[-1], fresh(images)

    assert restore_latest(path.parent, state, SMALL)

    assert not differences(everything(state), held)
    assert sum(name.endswith("exp_avg_sq") for name in held) == len(
        [*state.generator.parameters(), *state.discriminator.parameters()]
    )


def test_a_state_that_went_on_is_brought_back(
    tmp_path: Path, images: Dataset, saved: list[tuple[Path, dict[str, Tensor]]]
) -> None:
    state = fresh(images)
    list(train(SMALL, state, images, seed=0, until_nimg=20))

    restore_latest(tmp_path, state, SMALL)

    assert not differences(everything(state), saved[-1][1])


def test_saving_changes_nothing(tmp_path: Path, images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)
    list(train(SMALL, state, images, seed=0, until_nimg=4))
    before = everything(state)

    save_checkpoint(tmp_path, state, SMALL)

    assert not differences(everything(state), before)


def test_without_a_checkpoint_the_state_is_untouched(tmp_path: Path, images: Dataset) -> None:
    state = fresh(images)
    before = everything(state)

    assert not restore_latest(tmp_path, state, SMALL)
    assert not restore_latest(tmp_path / "missing", state, SMALL)
    assert not differences(everything(state), before)


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_off(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-10])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def alter(key: str, value: object) -> Damage:
    def damage(manifest: Path) -> None:
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), key: value}))

    return damage


def replace_by(value: object) -> Damage:
    def damage(manifest: Path) -> None:
        manifest.write_text(json.dumps(value))

    return damage


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (TENSORS_FILE, flip_a_bit),
        (TENSORS_FILE, cut_off),
        (TENSORS_FILE, empty),
        (TENSORS_FILE, Path.unlink),
        (MANIFEST_FILE, cut_off),
        (MANIFEST_FILE, empty),
        (MANIFEST_FILE, Path.unlink),
        (MANIFEST_FILE, alter("nimg", 9)),
        (MANIFEST_FILE, alter("step", 3)),
        (MANIFEST_FILE, alter("config", {})),
        (MANIFEST_FILE, alter("version", 1)),
        (MANIFEST_FILE, replace_by([])),
        (MANIFEST_FILE, replace_by(None)),
        (MANIFEST_FILE, replace_by({})),
        (MANIFEST_FILE, replace_by("whole")),
    ],
)
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    images: Dataset, saved: list[tuple[Path, dict[str, Tensor]]], file: str, damage: Damage
) -> None:
    (_, before), (latest, _) = saved
    damage(latest / file)
    state = fresh(images)

    assert restore_latest(latest.parent, state, SMALL)

    assert not differences(everything(state), before)


def test_when_all_are_damaged_there_is_none_to_restore(
    tmp_path: Path, images: Dataset, saved: list[tuple[Path, dict[str, Tensor]]]
) -> None:
    for path, _ in saved:
        flip_a_bit(path / TENSORS_FILE)
    state = fresh(images)
    untouched = everything(state)

    assert not restore_latest(tmp_path, state, SMALL)
    assert not differences(everything(state), untouched)


def test_a_crash_while_saving_leaves_the_checkpoints_that_were_there(
    images: Dataset,
    saved: list[tuple[Path, dict[str, Tensor]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*_: object) -> None:
        raise OSError("No space left on device")

    folder, state = saved[0][0].parent, fresh(images)
    state.nimg = 12
    monkeypatch.setattr("gan_models.training.checkpoint.write_manifest", crash)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(folder, state, SMALL)

    assert sorted(folder.iterdir()) == [path for path, _ in saved]
    assert restore_latest(folder, state, SMALL)
    assert not differences(everything(state), saved[-1][1])


def test_only_the_last_two_are_kept(tmp_path: Path, images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)

    paths = []
    for nimg in (0, 8, 1_000, 2_000_000):
        state.nimg = nimg
        paths.append(save_checkpoint(tmp_path, state, SMALL))

    assert sorted(tmp_path.iterdir()) == paths[-2:]


def test_saving_again_at_the_same_place_replaces_what_was_damaged(
    tmp_path: Path, images: Dataset, saved: list[tuple[Path, dict[str, Tensor]]]
) -> None:
    latest, held = saved[-1]
    state = fresh(images)
    restore_latest(tmp_path, state, SMALL)
    flip_a_bit(latest / TENSORS_FILE)

    save_checkpoint(tmp_path, state, SMALL)
    restored = fresh(images)
    restore_latest(tmp_path, restored, SMALL)

    assert not differences(everything(restored), held)


def test_a_run_with_other_parameters_is_refused_and_they_are_named(
    tmp_path: Path, images: Dataset, saved: list[tuple[Path, dict[str, Tensor]]]
) -> None:
    other = replace(SMALL, d_lr=1e-3, r1_gamma=0.5)

    with pytest.raises(CheckpointError) as refusal:
        restore_latest(tmp_path, new_state(other, images.sample, seed=0), other)

    assert str(refusal.value) == (
        f"{saved[-1][0]}: belongs to a run with other parameters: "
        "d_lr = 0.0002 there, 0.001 here; r1_gamma = 1.0 there, 0.5 here"
    )


def test_a_checkpoint_of_before_a_parameter_was_there_goes_on_with_its_default(
    tmp_path: Path, images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = {name: value for name, value in SMALL.to_params().items() if name != "pack"}
    monkeypatch.setattr(GanConfig, "to_params", lambda _: params)
    save_checkpoint(tmp_path, fresh(images), SMALL)
    monkeypatch.undo()

    assert restore_latest(tmp_path, new_state(SMALL, images.sample, seed=0), SMALL)
    other = replace(SMALL, pack=2)
    packing = new_state(other, images.sample, seed=0)
    with pytest.raises(CheckpointError, match="pack = 1 there, 2 here"):
        restore_latest(tmp_path, packing, other)


def test_samples_of_another_shape_are_refused(
    tmp_path: Path, saved: list[tuple[Path, dict[str, Tensor]]]
) -> None:
    larger = new_state(SMALL, SampleSpec(SampleKind.IMAGE, (1, 16, 16)), seed=0)

    with pytest.raises(CheckpointError, match="its weights do not fit the DcganGenerator"):
        restore_latest(tmp_path, larger, SMALL)


def test_another_version_is_refused(
    tmp_path: Path, images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gan_models.training.checkpoint.CHECKPOINT_VERSION", 1)
    save_checkpoint(tmp_path, fresh(images), SMALL)
    monkeypatch.undo()

    with pytest.raises(CheckpointError, match="version 1, but this program reads 3"):
        restore_latest(tmp_path, fresh(images), SMALL)


def test_weights_that_are_missing_or_left_over_are_refused(images: Dataset) -> None:
    generator = fresh(images).generator
    weights = copy_of(generator)
    name, tensor = weights.popitem()

    for unfit in (weights, {**weights, name: tensor, "more": tensor}):
        with pytest.raises(CheckpointError, match=r"here: its weights do not fit the DcganGen"):
            load_weights(generator, unfit, path=Path("here"))


def test_files_are_json_and_safetensors_and_hold_no_code(
    saved: list[tuple[Path, dict[str, Tensor]]],
) -> None:
    path, held = saved[-1]

    assert sorted(file.name for file in path.iterdir()) == [MANIFEST_FILE, TENSORS_FILE]
    manifest = json.loads((path / MANIFEST_FILE).read_text())
    assert (manifest["nimg"], manifest["step"]) == (8, 2)
    assert GanConfig.from_params(manifest["config"]) == SMALL
    content = (path / TENSORS_FILE).read_bytes()
    header_bytes = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + header_bytes])
    assert len(header.keys() - {"__metadata__"}) == len(held) - 2  # all but nimg and step
    ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
    assert 8 + header_bytes + max(ends) == len(content)  # nothing but tensors follows


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize(("saved_on", "restored_on"), [("cuda", "cuda"), ("cuda", "cpu")])
def test_a_checkpoint_of_a_gpu_is_restored_bit_for_bit_on_any_device(
    tmp_path: Path, images: Dataset, saved_on: str, restored_on: str
) -> None:
    state = new_state(SMALL, images.sample, seed=0, device=saved_on)
    list(train(SMALL, state, images, seed=0, until_nimg=12))
    save_checkpoint(tmp_path, state, SMALL)

    restored = new_state(SMALL, images.sample, seed=99, device=restored_on)
    assert restore_latest(tmp_path, restored, SMALL)

    assert restored.device.type == restored_on
    held = {name: tensor.cpu() for name, tensor in everything(state).items()}
    assert not differences({k: v.cpu() for k, v in everything(restored).items()}, held)
    list(train(SMALL, restored, images, seed=0, until_nimg=16))
    assert restored.nimg == 16


def nimg_kept(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("checkpoint-")) for path in folder.iterdir())


def test_one_more_is_kept_where_that_is_asked_for(tmp_path: Path, images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)

    for progress in islice(train(SMALL, state, images, seed=0, until_nimg=10_000), 5):
        keep = 8 if progress.nimg >= 8 else None
        save_checkpoint(tmp_path, state, SMALL, keep_nimg=keep)
    assert nimg_kept(tmp_path) == [8, 16, 20]

    save_checkpoint(tmp_path, state, SMALL, keep_nimg=16)
    assert nimg_kept(tmp_path) == [16, 20]


def test_checkpoints_after_a_place_are_dropped(tmp_path: Path, images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)
    for _ in islice(train(SMALL, state, images, seed=0, until_nimg=10_000), 4):
        save_checkpoint(tmp_path, state, SMALL, keep_nimg=4)

    drop_checkpoints_after(tmp_path, 12)
    assert nimg_kept(tmp_path) == [4, 12]
    drop_checkpoints_after(tmp_path, 4)
    assert restore_latest(tmp_path, fresh(images), SMALL)
    assert nimg_kept(tmp_path) == [4]
    drop_checkpoints_after(tmp_path / "missing", 4)


def test_checkpoints_before_a_place_are_dropped(tmp_path: Path, images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)
    assert latest_nimg(tmp_path) == -1
    for _ in islice(train(SMALL, state, images, seed=0, until_nimg=10_000), 4):
        save_checkpoint(tmp_path, state, SMALL, keep_nimg=4)

    drop_checkpoints_before(tmp_path, 12)
    assert nimg_kept(tmp_path) == [12, 16]
    assert latest_nimg(tmp_path) == 16
    drop_checkpoints_before(tmp_path / "missing", 4)
