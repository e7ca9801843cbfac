from math import isnan, nan
from pathlib import Path

import pytest
import torch

from gan_models.training.loop import Progress
from gan_models.training.step import DiscriminatorTerms
from orchestrator.trial.stretch import Stretch


def progress(loss: float) -> Progress:
    terms = DiscriminatorTerms(torch.tensor(loss), None)
    return Progress(nimg=1, step=1, d_terms=terms, g_loss=torch.tensor(2 * loss))


def test_what_was_recorded_goes_on_to_the_same_means(tmp_path: Path) -> None:
    path, losses = tmp_path / "stretch.json", [0.1, 0.7, 1 / 3, 1e-7]
    whole = Stretch.resume(path, 0)
    for loss in losses:
        whole.add(progress(loss))
    first = Stretch.resume(path, 0)
    for loss in losses[:2]:
        first.add(progress(loss))
    first.record(path, 40)
    second = Stretch.resume(path, 40)
    for loss in losses[2:]:
        second.add(progress(loss))
    assert second.window.means() == whole.window.means()
    assert second.seconds > second.earlier_s > 0


def test_one_of_another_place_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "stretch.json"
    stretch = Stretch.resume(path, 0)
    stretch.add(progress(0.5))
    stretch.record(path, 40)
    assert Stretch.resume(path, 64).earlier_s == 0
    assert all(isnan(mean) for mean in Stretch.resume(path, 64).window.means())


@pytest.mark.parametrize("loss", [nan, float("inf")])
def test_losses_that_are_not_finite_stay_so(tmp_path: Path, loss: float) -> None:
    path = tmp_path / "stretch.json"
    stretch = Stretch.resume(path, 0)
    stretch.add(progress(loss))
    stretch.record(path, 40)
    assert isnan(Stretch.resume(path, 40).window.means()[0])
