from math import nan
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.data.dataset import Split
from gan_models.files import whole_folder
from gan_models.metrics.scores import Scores
from gan_models.model_folder import Model, load_model, save_model
from gan_models.networks.registry import build_generator
from gan_models.samples import SampleKind, SampleSpec
from gan_models.seeds import derive_seed
from orchestrator.paths import TrialPaths
from orchestrator.retest import Retested, retest_trial
from orchestrator.yardstick import Yardstick, open_yardstick
from tests.orchestrator.scripted import make_config

CONFIG = GanConfig(network="mlp", width=4, depth=1, latent_dim=2)
POINT = SampleSpec(SampleKind.POINT, (2,))


@pytest.fixture
def paths(tmp_path: Path) -> TrialPaths:
    """Return a trial with a ring of twelve."""
    paths = TrialPaths(tmp_path / "trials" / "lusab-babad")
    for index in range(1, 13):
        model = Model(build_generator(CONFIG, POINT, seed=index), CONFIG, POINT)
        with whole_folder(paths.snapshot(1000 * index)) as draft:
            save_model(draft, model)
    return paths


@pytest.fixture
def yardstick() -> Yardstick:
    return open_yardstick({"name": "ring8"}, "auto")


def retest(paths: TrialPaths, yardstick: Yardstick, **selection: Any) -> Retested:
    return retest_trial(make_config(selection=selection), paths, "lusab-babad", yardstick)


def test_twelve_are_halved_and_the_last_three_have_every_draw(
    paths: TrialPaths, yardstick: Yardstick
) -> None:
    found = retest(paths, yardstick, seeds=7)
    assert (found.num_candidates, found.num_evaluations) == (12, 12 + 2 * 6 + 4 * 3)
    assert [len(each.fids) for each in found.survivors] == [7, 7, 7]
    assert {each.trial_id for each in found.survivors} == {"lusab-babad"}


def test_what_goes_on_is_the_best_by_fresh_scores(paths: TrialPaths, yardstick: Yardstick) -> None:
    config = make_config(selection={"seeds": 2, "diversity": {"coverage": 0}})
    seed = derive_seed(config.search.seed, "retest", 0)

    def fid(index: int) -> float:
        fakes = load_model(paths.snapshot(1000 * index)).draw(64, seed=seed)
        return yardstick.score(fakes, Split.SELECT).fid

    found = retest_trial(config, paths, "lusab-babad", yardstick)
    best = sorted(range(1, 13), key=fid)[:6]
    assert [each.snapshot_nimg for each in found.survivors] == [1000 * index for index in best]


def test_scores_without_bias_and_the_size_of_the_generator_are_kept(
    paths: TrialPaths, yardstick: Yardstick
) -> None:
    best, *_ = retest(paths, yardstick, seeds=3).survivors
    generator = load_model(paths.snapshot(best.snapshot_nimg)).generator
    assert best.num_weights == sum(weight.numel() for weight in generator.parameters())
    assert best.debiased_fid < best.fid
    assert best.debiased_standard_error > 0


def test_candidates_that_cannot_be_scored_leave(
    paths: TrialPaths, yardstick: Yardstick, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def score(self: Yardstick, fakes: Tensor, split: Split) -> Scores:
        drawn.append(len(fakes))
        return Scores(fid=nan)

    monkeypatch.setattr(Yardstick, "score", score)
    found = retest(paths, yardstick, seeds=7)
    assert found.survivors == ()
    assert found.num_evaluations == len(drawn) == 12


def test_a_trial_without_snapshots_has_no_candidates(tmp_path: Path, yardstick: Yardstick) -> None:
    assert retest(TrialPaths(tmp_path), yardstick, seeds=7) == Retested((), 0, 0)


def test_a_snapshot_that_does_not_verify_is_no_candidate_and_is_named(
    paths: TrialPaths, yardstick: Yardstick
) -> None:
    num_whole = retest(paths, yardstick, seeds=1).num_candidates
    weights = paths.snapshot(1000) / "generator.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    found = retest(paths, yardstick, seeds=1)
    assert found.num_candidates == num_whole - 1
    assert found.damaged == (f"{weights}: missing or damaged (its checksum does not match)",)
