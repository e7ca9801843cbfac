import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.optim import Adam

from gan_models.config import LOSS_NAMES, GanConfig
from gan_models.objectives.losses import OBJECTIVES
from gan_models.objectives.penalties import Discriminate, r1
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.batch import DiscriminatorBatch, GeneratorBatch
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import discriminator_step, generator_step
from gan_models.training.unrolling import unrolled
from tests.gan_models.training.small_runs import copy_of, differences, everything

POINT = SampleSpec(SampleKind.POINT, (2,))
GAME = GanConfig(
    network="mlp", width=6, depth=1, latent_dim=2, batch_size=4, d_lr=0.02, ema_half_life_kimg=0.0
)
PENALTIES = ("none", "r1")
ALLOWED = [(loss, each) for loss in LOSS_NAMES for each in PENALTIES]
ALLOWED.remove(("wasserstein", "none"))  # nothing would keep the critic Lipschitz
every_game = pytest.mark.parametrize(("loss", "penalty"), ALLOWED)


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


REAL, Z = randn(4, 2, seed=1), randn(4, 2, seed=2)


def after_some_steps(config: GanConfig) -> TrainState:
    """Return a tiny game in float64, in which Adam has moments."""
    state = new_state(config, POINT, seed=0)
    state.generator.double()
    state.discriminator.double()
    for seed in (3, 4):
        plain = replace(config, unroll_steps=0)
        discriminator_step(
            state,
            plain,
            DiscriminatorBatch(randn(4, 2, seed=seed), randn(4, 2, seed=seed + 2), None),
        )
    return state


def objective_of(config: GanConfig, fake: Tensor) -> object:
    def objective(discriminator: Discriminate) -> Tensor:
        penalty, logits = r1(discriminator, REAL)
        loss = OBJECTIVES[config.d_loss].discriminator(logits, discriminator(fake))
        return loss + config.r1_gamma * penalty if config.penalty == "r1" else loss

    return objective


def loss_after_real_updates(state: TrainState, config: GanConfig, generator: nn.Module) -> float:
    """Return G's loss against a copy of D that torch's own Adam trained on G's present fakes."""
    d = copy.deepcopy(state.discriminator)
    adam = Adam(d.parameters(), lr=config.d_lr, betas=(config.beta1, config.beta2))
    adam.load_state_dict(copy.deepcopy(state.d_optimizer.state_dict()))
    with torch.no_grad():
        fake = generator(Z)
    for _ in range(config.unroll_steps):
        adam.zero_grad()
        objective_of(config, fake)(d).backward()  # type: ignore[operator]
        adam.step()
    with torch.no_grad():
        rivals = d(REAL) if config.g_loss == "relativistic" else 0.0
        return float(OBJECTIVES[config.g_loss].generator(d(fake) - rivals))


def gradients_of_a_step(config: GanConfig) -> tuple[TrainState, Tensor, list[Tensor]]:
    state = after_some_steps(config)
    with state.frozen_discriminator:
        loss = generator_step(state, replace(config, g_lr=1e-12), GeneratorBatch(Z, real=REAL))
    return (
        state,
        loss,
        [each.grad for each in state.generator.parameters() if each.grad is not None],
    )


@every_game
def test_the_loss_is_that_against_d_after_k_steps_of_adam(loss: str, penalty: str) -> None:
    config = replace(GAME, unroll_steps=3, d_loss=loss, g_loss=loss, penalty=penalty)
    state = after_some_steps(config)
    expected = loss_after_real_updates(state, config, state.generator)

    with state.frozen_discriminator:
        found = generator_step(state, config, GeneratorBatch(Z, real=REAL))

    assert float(found) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("steps", [1, 3])
@every_game
def test_the_gradient_is_the_finite_difference_through_the_updates(
    loss: str, penalty: str, steps: int
) -> None:
    config = replace(GAME, unroll_steps=steps, d_loss=loss, g_loss=loss, penalty=penalty)
    state, _, gradients = gradients_of_a_step(config)
    before = after_some_steps(config)

    for index, gradient in enumerate(gradients):
        direction = randn(*gradient.shape, seed=7 + index)
        ends = []
        for sign in (1.0, -1.0):
            moved = copy.deepcopy(before.generator)
            with torch.no_grad():
                list(moved.parameters())[index].add_(sign * 1e-6 * direction)
            ends.append(loss_after_real_updates(before, config, moved))
        expected = (ends[0] - ends[1]) / 2e-6
        assert float((gradient * direction).sum()) == pytest.approx(expected, rel=2e-4, abs=1e-7)


def test_the_way_through_the_updates_matters() -> None:
    config = replace(GAME, unroll_steps=2, penalty="none")
    state, _, gradients = gradients_of_a_step(config)

    before = after_some_steps(config)
    fake = before.generator(Z)
    there = unrolled(
        before.discriminator,
        before.d_optimizer,
        objective_of(config, fake.detach()),  # type: ignore[arg-type]
        2,
    )
    cut_off = torch.autograd.grad(
        softplus(-there(fake)).mean(), list(before.generator.parameters())
    )

    assert any(
        not torch.allclose(*pair, rtol=1e-2) for pair in zip(gradients, cut_off, strict=True)
    )


def test_no_steps_are_no_unrolling_bit_for_bit() -> None:
    state = after_some_steps(GAME)
    fake = state.generator(Z)
    with state.frozen_discriminator:
        there = unrolled(
            state.discriminator,
            state.d_optimizer,
            objective_of(GAME, fake),  # type: ignore[arg-type]
            0,
        )
        weights = list(state.generator.parameters())
        plain = torch.autograd.grad(state.discriminator(fake).sum(), weights, retain_graph=True)
        unrolling = torch.autograd.grad(there(fake).sum(), weights)

    assert all(torch.equal(*pair) for pair in zip(plain, unrolling, strict=True))


@pytest.mark.parametrize(
    "options",
    [{}, {"spectral_norm": True}, {"pack": 2}, {"minibatch": "stddev"}, {"pack": 2, "d_width": 8}],
)
def test_d_and_its_optimiser_are_untouched(options: dict[str, object]) -> None:
    config = GanConfig.from_params(GAME.to_params() | {"unroll_steps": 2} | options)
    state = after_some_steps(config)
    before, weights = everything(state), copy_of(state.generator)

    with state.frozen_discriminator:
        generator_step(state, config, GeneratorBatch(Z, real=REAL))

    moved = differences(before, everything(state))
    assert not [name for name in moved if not name.startswith(("generator", "g_optimizer"))]
    assert differences(weights, copy_of(state.generator))
    assert all(each.requires_grad for each in state.discriminator.parameters())


def test_d_keeps_no_gradient_of_updates_that_never_happened() -> None:
    state = after_some_steps(replace(GAME, unroll_steps=2))
    state.d_optimizer.zero_grad()

    with state.frozen_discriminator:
        generator_step(state, replace(GAME, unroll_steps=2), GeneratorBatch(Z, real=REAL))

    assert all(each.grad is None for each in state.discriminator.parameters())


def test_an_optimiser_before_its_first_step_has_no_moments_yet() -> None:
    config = replace(GAME, unroll_steps=1, penalty="none")
    state = new_state(config, POINT, seed=0)
    state.generator.double()
    state.discriminator.double()
    expected = loss_after_real_updates(state, config, state.generator)

    with state.frozen_discriminator:
        found = generator_step(state, config, GeneratorBatch(Z, real=REAL))

    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_weights_without_a_gradient_do_not_turn_the_rest_into_nan() -> None:
    config = replace(GAME, unroll_steps=3, penalty="none")
    state = new_state(config, POINT, seed=0)  # without moments: Adam divides 0 by the root of 0
    with torch.no_grad():
        state.discriminator.head.weight.zero_()  # type: ignore[union-attr, operator]

    with state.frozen_discriminator:
        generator_step(state, config, GeneratorBatch(Z.float(), real=REAL.float()))

    assert all(
        each.grad.isfinite().all() for each in state.generator.parameters() if each.grad is not None
    )
