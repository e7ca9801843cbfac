import shutil
from math import nan
from pathlib import Path
from typing import Any

import pytest

from gan_models.data.dataset import Split
from gan_models.metrics.scores import Scores
from gan_models.model_folder import load_model
from gan_models.seeds import derive_seed
from orchestrator.config.load import load_config
from orchestrator.config.model import SweepConfig
from orchestrator.errors import SweepError
from orchestrator.finals import select_and_certify
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.run_folder import open_history
from orchestrator.trial.snapshots import snapshots
from orchestrator.yardstick import Yardstick, open_yardstick


@pytest.fixture
def config(finished_sweep: RunPaths) -> SweepConfig:
    return load_config(finished_sweep.sweep)


@pytest.fixture
def history(finished_sweep: RunPaths) -> SweepHistory:
    return open_history(finished_sweep)


def changed(config: SweepConfig, **selection: Any) -> SweepConfig:
    return config.model_copy(update={"selection": config.selection.model_copy(update=selection)})


def test_deciding_again_decides_the_same(
    config: SweepConfig, finished_sweep: RunPaths, history: SweepHistory
) -> None:
    selection, certificate = select_and_certify(config, finished_sweep, history)
    assert selection.to_mapping() == history.selection
    measured = {name: value for name, value in certificate.to_mapping().items() if value == value}
    assert history.certificate is not None
    assert measured.items() <= history.certificate.items()
    assert len(measured) >= 12


def test_the_snapshots_of_the_finalists_are_halved_round_by_round(
    config: SweepConfig, finished_sweep: RunPaths, history: SweepHistory
) -> None:
    first, second = [trial.record.trial_id for trial in history.ranked[:2]]
    num_kept = [len(snapshots(finished_sweep.trial(name))) for name in (first, second)]
    selection, _ = select_and_certify(config, finished_sweep, history)
    assert selection.candidates == sum(num_kept)
    assert num_kept == [4, 4]
    assert (selection.evaluations, selection.draws) == (2 * (4 + 2), 2)
    only, _ = select_and_certify(changed(config, finalists=1, seeds=3), finished_sweep, history)
    assert (only.trial_id, only.candidates) == (first, 4)
    assert (only.evaluations, only.draws) == (4 + 2 * 2, 3)


def test_the_winner_is_scored_on_latents_that_nothing_was_chosen_on(
    config: SweepConfig, finished_sweep: RunPaths, history: SweepHistory
) -> None:
    selection, certificate = select_and_certify(config, finished_sweep, history)
    snapshot = finished_sweep.trial(selection.trial_id).snapshot(selection.snapshot_nimg)
    yardstick = open_yardstick(config.data, config.evaluation.features)

    def fid(purpose: str, *parts: int, against: Split) -> float:
        seed = derive_seed(config.search.seed, purpose, *parts)
        fakes = load_model(snapshot).draw(config.evaluation.samples, seed=seed)
        return yardstick.score(fakes, against).fid

    retests = [fid("retest", draw, against=Split.SELECT) for draw in (0, 1)]
    assert selection.fid == pytest.approx(sum(retests) / 2)
    assert certificate.fid == pytest.approx(fid("certificate", against=Split.CERTIFY))
    spread = abs(retests[0] - retests[1]) / 2**0.5
    assert selection.generation_seed_sd == pytest.approx(spread)
    recorded = [row.fid for row in history.evaluations]
    assert not {*retests, certificate.fid} & set(recorded)


def test_a_winner_below_the_gate_is_handed_over_and_says_so(
    config: SweepConfig, finished_sweep: RunPaths, history: SweepHistory
) -> None:
    demanding = config.selection.diversity.model_copy(update={"coverage": 1.0})
    selection, _ = select_and_certify(changed(config, diversity=demanding), finished_sweep, history)
    assert not selection.passed_gate
    assert "no candidate reaches coverage 1.00" in selection.reason


def test_without_a_trial_worth_it_there_is_no_winner(
    config: SweepConfig, finished_sweep: RunPaths, history: SweepHistory, tmp_path: Path
) -> None:
    with pytest.raises(SweepError, match="none of 0 trials is worth handing over"):
        select_and_certify(config, finished_sweep, SweepHistory())
    without_snapshots = RunPaths(tmp_path / "copy")
    shutil.copytree(finished_sweep.root, without_snapshots.root)
    for folder in without_snapshots.trials.glob("*/checkpoints/snapshot-*"):
        shutil.rmtree(folder)
    with pytest.raises(SweepError, match="none of the 0 candidates could be scored"):
        select_and_certify(config, without_snapshots, history)


def test_where_no_candidate_can_be_scored_again_there_is_no_winner(
    config: SweepConfig,
    finished_sweep: RunPaths,
    history: SweepHistory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Yardstick, "score", lambda *_: Scores(fid=nan))
    with pytest.raises(SweepError, match="none of the 8 candidates could be scored on fresh"):
        select_and_certify(config, finished_sweep, history)


def test_how_lucky_the_choice_was_and_among_how_much_it_chose_is_on_record(
    config: SweepConfig, finished_sweep: RunPaths, history: SweepHistory
) -> None:
    selection, certificate = select_and_certify(config, finished_sweep, history)
    assert selection.optimism == certificate.fid_debiased - selection.fid_debiased
    assert (selection.optimism_of, selection.n_fake, selection.n_real) == ("fid_debiased", 64, 3333)
    assert selection.trials == 4
    assert selection.checkpoints == len(history.evaluations)
    assert (selection.training_seeds, selection.comparisons) == (1, ())
    assert selection.training_seed_sd != selection.training_seed_sd
