from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.training.batch import DiscriminatorBatch, GeneratorBatch
from gan_models.training.draws import Draws
from gan_models.training.freeze import Freeze
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import discriminator_step, generator_step
from tests.gan_models.training.small_runs import SMALL, copy_of, differences

OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "packs": {"pack": 2},
    "minibatch discrimination": {"minibatch": "discrimination"},
    "minibatch standard deviation of packs": {
        "minibatch": "stddev",
        "minibatch_group": 2,
        "pack": 2,
    },
    "unrolled": {"unroll_steps": 2},
    "replay": {"replay_frac": 0.5, "replay_size": 2},
}


@pytest.fixture(params=list(OPTIONS))
def config(request: pytest.FixtureRequest) -> GanConfig:
    return replace(SMALL, spectral_norm=True, **OPTIONS[request.param])


@pytest.fixture
def state(config: GanConfig, images: Dataset) -> TrainState:
    return new_state(config, images.sample, seed=0)


@pytest.fixture
def draws(config: GanConfig, images: Dataset) -> Draws:
    return Draws(config, images, seed=0, device=torch.device("cpu"))


@pytest.fixture
def normed() -> nn.Sequential:
    """Return a network with both things that move by themselves."""
    linear = nn.Linear(3, 3)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        linear.weight.copy_(torch.diag(torch.tensor([1.0, 0.99, 0.98])))  # converges slowly
        return nn.Sequential(spectral_norm(linear), nn.BatchNorm1d(3))


def batch() -> torch.Tensor:
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


def moves(network: nn.Module) -> list[str]:
    """Return which parameters and buffers a forward pass in training changes."""
    before = copy_of(network)
    network(batch())
    return differences(before, copy_of(network))


MOVING = [
    "0.parametrizations.weight.0._u",
    "0.parametrizations.weight.0._v",
    "1.num_batches_tracked",
    "1.running_mean",
    "1.running_var",
]


def test_in_phase_1_g_stays_bit_for_bit_what_it_was(
    state: TrainState, config: GanConfig, draws: Draws
) -> None:
    before, d_before = copy_of(state.generator), copy_of(state.discriminator)

    with state.frozen_generator:
        for nimg in (0, 4):
            replayed = draws.replayed(nimg) if config.replay_frac else None
            z = draws.latents("d", nimg)
            batch = DiscriminatorBatch(draws.real(nimg), z, replayed=replayed)
            discriminator_step(state, config, batch)

    assert any(name.endswith("num_batches_tracked") for name in before)
    assert not differences(before, copy_of(state.generator))
    d_moved = differences(d_before, copy_of(state.discriminator))
    for part in (
        "trunk.0.parametrizations.weight.original",
        "trunk.0.parametrizations.weight.0._u",
    ):
        assert any(name.endswith(part) for name in d_moved)


def test_in_phase_2_d_stays_bit_for_bit_what_it_was(
    state: TrainState, config: GanConfig, draws: Draws
) -> None:
    before, g_before = copy_of(state.discriminator), copy_of(state.generator)

    with state.frozen_discriminator:
        for step in (0, 1):
            batch = GeneratorBatch(draws.latents("g", step), real=draws.real(step))
            generator_step(state, config, batch)

    assert any(name.endswith("_u") for name in before)
    assert not differences(before, copy_of(state.discriminator))
    assert "layers.0.num_batches_tracked" in differences(g_before, copy_of(state.generator))


def test_a_frozen_network_does_not_move_and_a_thawed_one_does(normed: nn.Sequential) -> None:
    freeze = Freeze(normed)

    assert moves(normed) == MOVING
    with freeze:
        assert moves(normed) == []
    assert moves(normed) == MOVING


def test_it_computes_with_the_statistics_of_the_batch(normed: nn.Sequential) -> None:
    with Freeze(normed):
        frozen = normed(batch())

    torch.testing.assert_close(frozen.mean(0), torch.zeros(3), rtol=0, atol=1e-6)
    torch.testing.assert_close(frozen.std(0, correction=0), torch.ones(3), rtol=0, atol=1e-3)


def test_no_gradient_reaches_it_and_one_passes_through(normed: nn.Sequential) -> None:
    samples = batch().requires_grad_()

    with Freeze(normed):
        normed(samples).square().sum().backward()

    assert samples.grad is not None
    assert all(weight.grad is None for weight in normed.parameters())


@pytest.mark.parametrize("training", [True, False])
def test_afterwards_it_is_as_free_as_before(normed: nn.Sequential, training: bool) -> None:
    normed.train(training)
    normed[1].bias.requires_grad_(False)

    with Freeze(normed):
        pass

    free = {name for name, weight in normed.named_parameters() if weight.requires_grad}
    assert free == {"0.parametrizations.weight.original", "0.bias", "1.weight"}
    assert all(layer.training is training for layer in normed.modules())
    assert normed[1].track_running_stats


def test_a_network_that_was_switched_meanwhile_keeps_its_mode(normed: nn.Sequential) -> None:
    with Freeze(normed):
        normed.eval()

    assert not any(layer.training for layer in normed.modules())
    assert moves(normed) == []


def test_an_exception_thaws_it_too(normed: nn.Sequential) -> None:
    with pytest.raises(ZeroDivisionError), Freeze(normed):
        raise ZeroDivisionError

    assert all(weight.requires_grad for weight in normed.parameters())
    assert moves(normed) == MOVING


def test_it_may_be_entered_again_and_again(normed: nn.Sequential) -> None:
    freeze = Freeze(normed)

    for _ in range(3):
        with freeze:
            assert moves(normed) == []
        assert moves(normed) == MOVING
