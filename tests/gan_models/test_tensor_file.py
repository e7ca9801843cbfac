import errno
import os
import pickle
from pathlib import Path

import pytest
import torch

from gan_models.errors import DamageError
from gan_models.tensor_file import load_tensors, save_tensors


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.folder),)


def test_tensors_are_read_as_they_were_written(tmp_path: Path) -> None:
    tensors = {"weight": torch.arange(6.0).reshape(2, 3).T, "count": torch.tensor(3)}
    save_tensors(tensors, tmp_path / "it")
    loaded = load_tensors(tmp_path / "it")
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"PK\x03\x04", b"\x80\x04."])
def test_what_is_no_safetensors_file_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "it").write_bytes(content)
    with pytest.raises(DamageError, match="it: not a safetensors file"):
        load_tensors(tmp_path / "it")


def test_pickles_are_refused_and_not_run(tmp_path: Path) -> None:
    folder, path = tmp_path / "PWNED", tmp_path / "it"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Hostile(folder), protocol=protocol))
        with pytest.raises(DamageError):
            load_tensors(path)
    torch.save(Hostile(folder), path)
    with pytest.raises(DamageError):
        load_tensors(path)
    assert not folder.exists()


def test_a_write_that_fails_is_an_error_of_the_operating_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none/it") as failed:
        save_tensors({"weight": torch.zeros(3)}, tmp_path / "none" / "it")
    assert failed.value.errno == errno.ENOENT
