from math import nan
from pathlib import Path

import pytest
import torch

from gan_models.config import GanConfig
from gan_models.model_folder import Model, load_model
from gan_models.networks.registry import build_generator
from gan_models.samples import SampleKind, SampleSpec
from orchestrator.paths import TrialPaths
from orchestrator.records import Evaluation
from orchestrator.trial.snapshots import (
    drop_snapshots_after,
    keep_snapshot,
    snapshot_nimg,
    snapshots,
)

CONFIG = GanConfig(network="mlp", width=4, depth=1, latent_dim=2)
POINT = SampleSpec(SampleKind.POINT, (2,))
NUM_BEST = 3


@pytest.fixture
def paths(tmp_path: Path) -> TrialPaths:
    return TrialPaths(tmp_path / "trials" / "lusab-babad")


def model(seed: int = 0) -> Model:
    return Model(build_generator(CONFIG, POINT, seed=seed), CONFIG, POINT)


def take(paths: TrialPaths, *fids: float, finite: bool = True) -> list[int]:
    """Evaluate once for each FID, from 1000 images on; return what is kept in the end."""
    curve: list[Evaluation] = []
    for count, fid in enumerate(fids, start=1):
        row = Evaluation(run="lusab-babad", step=count, nimg=1000 * count, fid=fid, finite=finite)
        curve.append(row)
        keep_snapshot(paths, model(seed=count), curve, num_best=NUM_BEST)
    return [snapshot_nimg(folder) // 1000 for folder in snapshots(paths)]


def test_the_best_are_kept_and_the_last_in_the_order_in_which_they_were_taken(
    paths: TrialPaths,
) -> None:
    assert take(paths, 9, 5, 7, 3, 8, 4) == [2, 4, 6]
    assert take(TrialPaths(paths.folder / "other"), 3, 5, 4, 9, 8) == [1, 2, 3, 5]


def test_no_more_than_the_ring_holds_and_the_last_are_kept(paths: TrialPaths) -> None:
    assert len(take(paths, *range(20, 0, -1))) == NUM_BEST
    assert len(take(TrialPaths(paths.folder / "other"), *range(1, 20))) == NUM_BEST + 1


def test_of_equals_the_first_is_kept(paths: TrialPaths) -> None:
    assert take(paths, 5, 5, 5, 5, 6) == [1, 2, 3, 5]


def test_what_could_not_be_measured_is_not_kept_and_what_was_before_it_is(
    paths: TrialPaths,
) -> None:
    assert take(paths, nan, 5, nan) == [2]
    assert take(TrialPaths(paths.folder / "other"), 1, 2, 3, 9, nan) == [1, 2, 3, 4]
    assert take(TrialPaths(paths.folder / "third"), 5, finite=False) == []


def test_a_trial_that_takes_an_evaluation_again_keeps_the_same(paths: TrialPaths) -> None:
    take(paths, 9, 5, 7, 3, 8)
    assert take(paths, 9, 5, 7, 3, 8, 4) == [2, 4, 6]


def test_an_untrained_generator_is_not_kept(paths: TrialPaths) -> None:
    row = Evaluation(run="a", step=0, nimg=0, fid=0.1)
    keep_snapshot(paths, model(), [row], num_best=NUM_BEST)
    assert snapshots(paths) == []


def test_a_snapshot_is_a_model_that_knows_where_it_comes_from(paths: TrialPaths) -> None:
    take(paths, 5, 4)
    *_, last = snapshots(paths)
    expected, loaded = model(seed=2), load_model(last)
    for name, weights in expected.generator.state_dict().items():
        assert torch.equal(loaded.generator.state_dict()[name], weights)
    description = (last / "model.json").read_text()
    assert '"trial_id": "lusab-babad"' in description
    assert '"nimg": 2000' in description


def test_there_are_none_before_the_first(paths: TrialPaths) -> None:
    assert snapshots(paths) == []


def test_snapshots_after_a_place_are_dropped(paths: TrialPaths) -> None:
    assert take(paths, 5.0, 4.0, 3.0) == [1, 2, 3]
    drop_snapshots_after(paths, 2000)
    assert [snapshot_nimg(folder) for folder in snapshots(paths)] == [1000, 2000]
