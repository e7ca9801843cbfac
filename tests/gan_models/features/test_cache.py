import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from torch import Tensor

from gan_models.cache_home import cache_folder
from gan_models.errors import MetricError
from gan_models.features import cache
from gan_models.features.cache import cached_tensors

RECIPE: dict[str, str | int | float] = {"recipe": 1, "train": "abc"}


class CountedTraining:
    """Gives new weights at each call, so that a second training cannot go unseen."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> dict[str, Tensor]:
        self.count += 1
        return {"weight": torch.arange(6.0).reshape(2, 3) + self.count}


@pytest.fixture
def training() -> CountedTraining:
    return CountedTraining()


def only(folder: Path, pattern: str) -> Path:
    (file,) = folder.glob(pattern)
    return file


def test_weights_are_trained_once_and_read_back_bit_for_bit(
    tmp_path: Path, training: CountedTraining
) -> None:
    first = cached_tensors("net", RECIPE, training, cache_dir=tmp_path / "new")
    again = cached_tensors("net", RECIPE, training, cache_dir=tmp_path / "new")
    assert training.count == 1
    assert torch.equal(first["weight"], again["weight"])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux lists its maps")
def test_what_is_read_is_mapped_so_that_processes_share_its_memory(tmp_path: Path) -> None:
    def make() -> dict[str, Tensor]:
        return {"features": torch.zeros(1000, 64)}

    mapped = cached_tensors("features", RECIPE, make, cache_dir=tmp_path)
    assert str(only(tmp_path, "*.safetensors")) in Path("/proc/self/maps").read_text()
    assert mapped["features"].shape == (1000, 64)


def test_another_recipe_is_another_file(tmp_path: Path, training: CountedTraining) -> None:
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    cached_tensors("net", {**RECIPE, "train": "abd"}, training, cache_dir=tmp_path)
    assert training.count == 2
    assert len(list(tmp_path.glob("net-*.safetensors"))) == 2


def _truncate(folder: Path) -> None:
    weights = only(folder, "*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-4])


def _flip_a_bit(folder: Path) -> None:
    weights = only(folder, "*.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def _spoil_the_note(folder: Path) -> None:
    only(folder, "*.json").write_text("{")


def _swap_the_recipe(folder: Path) -> None:
    note = only(folder, "*.json")
    note.write_text(json.dumps({**json.loads(note.read_text()), "recipe": {"recipe": 2}}))


@pytest.mark.parametrize("damage", [_truncate, _flip_a_bit, _spoil_the_note, _swap_the_recipe])
def test_a_broken_file_is_trained_again_not_trusted(
    tmp_path: Path,
    training: CountedTraining,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    damage(tmp_path)
    with caplog.at_level(logging.WARNING):
        mended = cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    assert training.count == 2
    assert mended["weight"][0, 0] == 2
    assert "is broken, making it again" in caplog.text
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    assert training.count == 2


def test_weights_without_their_note_are_not_trusted(
    tmp_path: Path, training: CountedTraining
) -> None:
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    only(tmp_path, "*.json").unlink()
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    assert training.count == 2


def test_an_interrupted_training_leaves_nothing_behind(
    tmp_path: Path, training: CountedTraining
) -> None:
    def interrupted() -> dict[str, Tensor]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_tensors("net", RECIPE, interrupted, cache_dir=tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    assert training.count == 1


def test_those_who_ask_at_once_wait_for_one_training(
    tmp_path: Path, training: CountedTraining
) -> None:
    threads = [
        threading.Thread(
            target=cached_tensors, args=("net", RECIPE, training), kwargs={"cache_dir": tmp_path}
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert training.count == 1


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(
    tmp_path: Path, training: CountedTraining
) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(MetricError, match=r"feature cache .*file/cache.*set GANORCH_CACHE to"):
        cached_tensors("net", RECIPE, training, cache_dir=blocked / "cache")


def test_the_cache_lies_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.delenv("GANORCH_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == Path("/home/ada/.cache/ganorch")
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch")
    assert cache_folder() == Path("/scratch/ganorch")
    monkeypatch.setenv("GANORCH_CACHE", "~/features")
    assert cache_folder() == Path("/home/ada/features")


def test_the_environment_is_asked_where_no_folder_is_given(
    tmp_path: Path, training: CountedTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANORCH_CACHE", str(tmp_path))
    cached_tensors("net", RECIPE, training)
    assert only(tmp_path, "net-*.safetensors").exists()


def test_a_lock_that_is_held_for_ever_is_named_with_the_way_out(
    tmp_path: Path, training: CountedTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_tensors("net", RECIPE, training, cache_dir=tmp_path)
    monkeypatch.setattr(cache, "_LOCK_TIMEOUT_S", 0.01)
    with (
        FileLock(only(tmp_path, "*.lock")),
        pytest.raises(MetricError, match=r"another process has held .*\.lock .* GANORCH_CACHE"),
    ):
        cached_tensors("net", RECIPE, training, cache_dir=tmp_path)


def test_a_failure_of_what_is_made_is_not_blamed_on_the_cache(tmp_path: Path) -> None:
    def failing() -> dict[str, Tensor]:
        raise OSError("no such network")

    with pytest.raises(OSError, match="^no such network$"):
        cached_tensors("net", RECIPE, failing, cache_dir=tmp_path)
