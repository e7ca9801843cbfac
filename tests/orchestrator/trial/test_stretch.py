from math import isnan, nan
from pathlib import Path

import pytest
import torch

from gan_models.config import GanConfig
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.loop import Progress
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import DiscriminatorTerms
from orchestrator.trial.stretch import Beginning, Stretch
from tests.orchestrator.trial.orders import POINTS

CONFIG = GanConfig.from_params(POINTS)
BEGINNING = Beginning(0, 0, 0)


def progress(loss: float) -> Progress:
    terms = DiscriminatorTerms(torch.tensor(loss), None)
    return Progress(nimg=1, step=1, d_terms=terms, g_loss=torch.tensor(2 * loss))


@pytest.fixture
def state() -> TrainState:
    return new_state(CONFIG, SampleSpec(SampleKind.POINT, (2,)), seed=0)


def stretch_at(folder: Path, state: TrainState, beginning: Beginning = BEGINNING) -> Stretch:
    return Stretch.resume(folder, state, CONFIG, beginning=beginning)


def save_at(folder: Path, state: TrainState, nimg: int, *losses: float) -> None:
    stretch = stretch_at(folder, state)
    for loss in losses:
        stretch.add(progress(loss))
    state.nimg = nimg
    stretch.save(folder, state, CONFIG)
    state.nimg = 0


def test_what_was_saved_goes_on_from_there_to_the_same_means(
    tmp_path: Path, state: TrainState
) -> None:
    losses = [0.1, 0.7, 1 / 3, 1e-7]
    whole = stretch_at(tmp_path / "none", state)
    for loss in losses:
        whole.add(progress(loss))
    save_at(tmp_path / "between", state, 40, *losses[:2])
    second = stretch_at(tmp_path / "between", state)
    for loss in losses[2:]:
        second.add(progress(loss))
    assert state.nimg == 40
    assert second.window.means() == whole.window.means()
    assert second.seconds > second.earlier_s > 0


@pytest.mark.parametrize("beginning", [Beginning(64, 0, 0), Beginning(0, 1, 0), Beginning(0, 0, 1)])
def test_what_was_saved_of_another_stretch_is_passed_over(
    tmp_path: Path, state: TrainState, beginning: Beginning
) -> None:
    save_at(tmp_path / "between", state, 40, 0.5)
    stretch = stretch_at(tmp_path / "between", state, beginning)
    assert (state.nimg, stretch.earlier_s) == (0, 0)
    assert all(isnan(mean) for mean in stretch.window.means())


@pytest.mark.parametrize("file", ["stretch.json", "checkpoint-000000000040/state.safetensors"])
def test_what_is_damaged_is_passed_over(tmp_path: Path, state: TrainState, file: str) -> None:
    save_at(tmp_path / "between", state, 40, 0.5)
    path = tmp_path / "between" / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert stretch_at(tmp_path / "between", state).earlier_s == 0
    assert state.nimg == 0


def test_a_kill_before_the_state_was_written_leaves_nothing_to_go_on_from(
    tmp_path: Path, state: TrainState
) -> None:
    save_at(tmp_path / "between", state, 40, 0.5)
    (tmp_path / "between" / "checkpoint-000000000040").rename(tmp_path / "gone")
    assert stretch_at(tmp_path / "between", state).earlier_s == 0


def test_a_newer_window_does_not_go_with_an_older_state(tmp_path: Path, state: TrainState) -> None:
    folder = tmp_path / "between"
    save_at(folder, state, 40, 0.5)
    (folder / "checkpoint-000000000040").rename(tmp_path / "older")
    save_at(folder, state, 80, 0.5, 0.7)
    (tmp_path / "older").rename(folder / "checkpoint-000000000040")
    (folder / "checkpoint-000000000080" / "checkpoint.json").unlink()  # not stored yet
    assert stretch_at(folder, state).earlier_s == 0
    assert state.nimg == 0


@pytest.mark.parametrize("loss", [nan, float("inf")])
def test_losses_that_are_not_finite_stay_so(tmp_path: Path, state: TrainState, loss: float) -> None:
    save_at(tmp_path / "between", state, 40, loss)
    assert isnan(stretch_at(tmp_path / "between", state).window.means()[0])
