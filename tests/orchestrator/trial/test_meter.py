from dataclasses import replace
from math import isnan, log
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_models.augmentation.adaptive import AdaptiveProbability
from gan_models.config import GanConfig
from gan_models.data.dataset import Split
from gan_models.training.loop import Progress, train
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import DiscriminatorTerms
from orchestrator.records import Evaluation
from orchestrator.trial.meter import LossWindow, Meter
from orchestrator.yardstick import Yardstick, open_yardstick
from tests.orchestrator.trial.orders import POINTS, order

CONFIG = GanConfig.from_params(POINTS)


@pytest.fixture
def yardstick() -> Yardstick:
    return open_yardstick({"name": "ring8"}, "auto")


@pytest.fixture
def meter(tmp_path: Path, yardstick: Yardstick) -> Meter:
    return Meter(order(tmp_path), CONFIG, yardstick)


@pytest.fixture
def state(yardstick: Yardstick) -> TrainState:
    """Return a state after two rounds."""
    state = new_state(CONFIG, yardstick.splits.sample, seed=0)
    list(train(CONFIG, state, yardstick.splits.train, seed=0, until_nimg=128))
    return state


def measure(meter: Meter, state: TrainState, index: int = 0) -> Evaluation:
    return meter.measure(state, LossWindow(), seconds=1.5, index=index)


def progress(d_loss: float, g_loss: float) -> Progress:
    terms = DiscriminatorTerms(torch.tensor(d_loss), None)
    return Progress(nimg=64, step=1, d_terms=terms, g_loss=torch.tensor(g_loss))


def test_losses_are_means_over_the_rounds_since_the_last_evaluation() -> None:
    window = LossWindow()
    for d_loss, g_loss in [(1.0, 10.0), (2.0, 20.0), (6.0, 30.0)]:
        window.add(progress(d_loss, g_loss))
    assert window.means() == (3.0, 20.0)


def test_no_round_has_no_mean() -> None:
    assert all(isnan(mean) for mean in LossWindow().means())


def test_one_loss_that_is_nan_is_not_averaged_away() -> None:
    window = LossWindow()
    window.add(progress(float("nan"), 1.0))
    window.add(progress(1.0, 1.0))
    d_loss, g_loss = window.means()
    assert isnan(d_loss)
    assert g_loss == 1.0


def test_a_row_says_where_training_stood(meter: Meter, state: TrainState) -> None:
    row = measure(meter, state)
    assert (row.run, row.step, row.nimg, row.seconds) == (meter.spec.trial_id, 2, 128, 1.5)
    assert row.finite
    assert 0 <= row.coverage <= 1
    assert row.eval_seconds > 0


def test_measuring_twice_measures_the_same_and_changes_nothing(
    meter: Meter, state: TrainState
) -> None:
    before = [weight.clone() for weight in state.discriminator.parameters()]
    first, second = (measure(meter, state).to_mapping() | {"eval_seconds": None} for _ in range(2))
    assert first == second
    assert all(map(torch.equal, before, state.discriminator.parameters()))
    assert state.discriminator.training


def test_scores_are_those_of_the_moving_average(meter: Meter, state: TrainState) -> None:
    before = measure(meter, state).fid
    with torch.no_grad():
        for weight in state.generator.parameters():
            weight.add_(1.0)
    assert measure(meter, state).fid == before
    with torch.no_grad():
        for weight in state.ema.parameters():
            weight.add_(1.0)
    assert measure(meter, state).fid != before


def test_gradient_norms_are_those_of_the_last_update(meter: Meter, state: TrainState) -> None:
    gradients = [weight.grad for weight in state.generator.parameters() if weight.grad is not None]
    expected = sum(float((gradient.double() ** 2).sum()) for gradient in gradients) ** 0.5
    assert measure(meter, state).g_grad_norm == pytest.approx(expected, rel=1e-5)


def test_before_the_first_update_there_is_no_gradient(meter: Meter, yardstick: Yardstick) -> None:
    row = measure(meter, new_state(CONFIG, yardstick.splits.sample, seed=0))
    assert isnan(row.d_grad_norm)
    assert isnan(row.g_grad_norm)


@pytest.mark.parametrize("network", ["generator", "discriminator", "ema"])
def test_one_weight_that_is_nan_is_noticed(meter: Meter, state: TrainState, network: str) -> None:
    broken: nn.Module = getattr(state, network)
    with torch.no_grad():
        next(broken.parameters()).view(-1)[0] = float("nan")
    row = measure(meter, state)
    assert not row.finite
    assert isnan(row.fid) is (network == "ema")


def test_rows_carry_the_hash_of_what_their_scores_depend_on(
    meter: Meter, state: TrainState, yardstick: Yardstick
) -> None:
    seed = meter.spec.evaluation_seed
    protocol = yardstick.protocol(Split.SELECT, n_fake=64, seed=seed)
    assert measure(meter, state).protocol == protocol.hash
    other = replace(meter, spec=replace(meter.spec, num_samples=65))
    assert other.protocol != meter.protocol


def test_the_duality_gap_is_measured_at_each_so_many_evaluations(
    meter: Meter, state: TrainState
) -> None:
    sparse = replace(meter, spec=replace(meter.spec, duality_gap_every=2))
    assert isnan(measure(meter, state, index=2).duality_gap)
    assert [isnan(measure(sparse, state, index=i).duality_gap) for i in (0, 1)] == [True, True]
    row = measure(sparse, state, index=2)
    assert 0 < row.worst_d_value <= log(2)
    assert row.duality_gap >= row.worst_d_value - 0.1
    assert measure(sparse, state, index=4).duality_gap == row.duality_gap  # the state is untouched


def test_the_probability_of_ada_is_recorded_where_there_is_one(
    meter: Meter, state: TrainState
) -> None:
    assert isnan(measure(meter, state).ada_p)
    state.ada = AdaptiveProbability()
    state.ada.memory[0] = 0.25
    assert measure(meter, state).ada_p == 0.25
