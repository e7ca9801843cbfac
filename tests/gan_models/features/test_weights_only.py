import os
from contextlib import suppress
from pathlib import Path
from pickle import UnpicklingError

import pytest
import torch

from gan_models.features.weights_only import weights_only_loads

SWITCH = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"


class Surprise:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self._path), "w")


def test_a_pickle_is_refused_even_by_code_that_asks_for_it(tmp_path: Path) -> None:
    torch.save(Surprise(tmp_path / "ran"), tmp_path / "pickle.pth")
    with weights_only_loads(), pytest.raises(UnpicklingError):
        torch.load(tmp_path / "pickle.pth", weights_only=False)
    assert not (tmp_path / "ran").exists()


def test_weights_are_loaded(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(3)}, tmp_path / "weights.pth")
    with weights_only_loads():
        loaded = torch.load(tmp_path / "weights.pth", weights_only=False)
    assert torch.equal(loaded["weight"], torch.ones(3))


@pytest.mark.parametrize("before", [None, "0", "1"])
def test_the_switch_is_put_back(before: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    if before is not None:
        monkeypatch.setenv(SWITCH, before)
    with suppress(KeyError), weights_only_loads():
        assert os.environ[SWITCH] == "1"
        raise KeyError
    assert os.environ.get(SWITCH) == before
