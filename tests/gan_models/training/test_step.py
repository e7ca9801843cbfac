import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from gan_models.config import LOSS_NAMES, GanConfig
from gan_models.objectives.penalties import gradient_penalty, r1
from gan_models.training.batch import DiscriminatorBatch, GeneratorBatch
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import discriminator_step, generator_step
from tests.gan_models.training.small_runs import IMAGE, SMALL, copy_of, differences

PLAIN = replace(SMALL, penalty="none")
every_loss = pytest.mark.parametrize("loss", LOSS_NAMES)


@pytest.fixture
def real() -> Tensor:
    return torch.rand(4, *IMAGE.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1


@pytest.fixture
def z() -> Tensor:
    return torch.randn(4, 4, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def mix() -> Tensor:
    return torch.rand(4, generator=torch.Generator().manual_seed(3))


def new(config: GanConfig) -> TrainState:
    return new_state(config, IMAGE, seed=0)


def test_d_learns_real_as_1_and_an_equal_fake_batch_as_0(real: Tensor, z: Tensor) -> None:
    config = replace(PLAIN, g_loss="wasserstein")
    state = new(config)
    generator, discriminator = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)

    terms = discriminator_step(state, config, DiscriminatorBatch(real, z))

    with torch.no_grad():
        logits = torch.cat([discriminator(real), discriminator(generator(z))])
    labels = torch.tensor([1.0] * 4 + [0.0] * 4)
    expected = 2 * binary_cross_entropy_with_logits(logits, labels)
    torch.testing.assert_close(terms.loss, expected)
    assert terms.penalty is None


def test_g_learns_fakes_as_1(z: Tensor) -> None:
    config = replace(PLAIN, d_loss="hinge")
    state = new(config)
    generator, discriminator = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)

    loss = generator_step(state, config, GeneratorBatch(z))

    with torch.no_grad():
        logits = discriminator(generator(z))
    torch.testing.assert_close(loss, binary_cross_entropy_with_logits(logits, torch.ones(4)))


@every_loss
def test_steps_of_d_part_real_from_fake(real: Tensor, z: Tensor, loss: str) -> None:
    config = replace(PLAIN, d_loss=loss, g_loss=loss, weight_clip=1.0, d_lr=1e-3)
    state = new(config)

    def gap() -> float:
        with torch.no_grad():
            fake = state.generator(z)
            return float(state.discriminator(real).mean() - state.discriminator(fake).mean())

    before = gap()
    losses = [
        float(discriminator_step(state, config, DiscriminatorBatch(real, z)).loss)
        for _ in range(10)
    ]

    assert gap() > before
    assert losses[-1] < losses[0]


@every_loss
def test_steps_of_g_raise_the_logits_of_its_fakes(z: Tensor, loss: str) -> None:
    config = replace(PLAIN, d_loss=loss, g_loss=loss, weight_clip=1.0, g_lr=1e-3)
    state = new(config)
    rivals = torch.zeros(4, *IMAGE.shape) if loss == "relativistic" else None

    with state.frozen_discriminator:
        batch = GeneratorBatch(z, real=rivals)
        losses = [float(generator_step(state, config, batch)) for _ in range(10)]

    assert losses[-1] < losses[0]


def test_d_and_g_each_take_the_step_of_adam(real: Tensor, z: Tensor) -> None:
    config = replace(SMALL, penalty="none", d_lr=1e-3, g_lr=5e-3)
    state = new(config)
    before_d, before_g = copy_of(state.discriminator), copy_of(state.generator)

    discriminator_step(state, config, DiscriminatorBatch(real, z))
    generator_step(state, config, GeneratorBatch(z))

    # Adam's first step is lr in the direction of the gradient's sign
    for before, after, lr in (
        (before_d, copy_of(state.discriminator), 1e-3),
        (before_g, copy_of(state.generator), 5e-3),
    ):
        moved = [(after[name] - before[name]).abs().max() for name in before if "weight" in name]
        torch.testing.assert_close(
            torch.stack(moved), torch.full((len(moved),), lr), rtol=1e-3, atol=0
        )


def test_the_penalty_is_r1_with_its_weight_and_joins_the_gradient(real: Tensor, z: Tensor) -> None:
    config = replace(SMALL, penalty="r1", r1_gamma=10.0)
    state, plain = new(config), new(PLAIN)
    expected = 10.0 * r1(copy.deepcopy(state.discriminator), real)[0]

    terms = discriminator_step(state, config, DiscriminatorBatch(real, z))
    discriminator_step(plain, PLAIN, DiscriminatorBatch(real, z))

    torch.testing.assert_close(terms.penalty, expected.detach())
    assert differences(copy_of(state.discriminator), copy_of(plain.discriminator))


def test_the_gradient_penalty_is_taken_between_the_batches_with_its_weight(
    real: Tensor, z: Tensor, mix: Tensor
) -> None:
    config = replace(SMALL, d_loss="hinge", penalty="gradient-penalty", gp_weight=7.0)
    state, plain = new(config), new(replace(config, penalty="none"))
    fake = copy.deepcopy(state.generator)(z)
    expected = 7.0 * gradient_penalty(copy.deepcopy(state.discriminator), real, fake, mix)

    terms = discriminator_step(state, config, DiscriminatorBatch(real, z, mix))
    discriminator_step(plain, replace(config, penalty="none"), DiscriminatorBatch(real, z))

    torch.testing.assert_close(terms.penalty, expected.detach())
    assert differences(copy_of(state.discriminator), copy_of(plain.discriminator))


def test_in_phase_1_g_is_forward_only(real: Tensor, z: Tensor) -> None:
    state = new(SMALL)
    made: list[Tensor] = []
    state.generator.register_forward_hook(lambda _, __, fake: made.append(fake))

    discriminator_step(state, SMALL, DiscriminatorBatch(real, z))

    assert [(len(fake), fake.requires_grad) for fake in made] == [(4, False)]
    assert all(weight.grad is None for weight in state.generator.parameters())


def test_in_phase_2_d_is_computed_and_gets_no_gradient(z: Tensor) -> None:
    state = new(SMALL)

    with state.frozen_discriminator:
        generator_step(state, SMALL, GeneratorBatch(z))

    assert all(weight.grad is None for weight in state.discriminator.parameters())
    assert all(weight.grad is not None for weight in state.generator.parameters())


def test_gradients_of_an_earlier_step_are_not_added_up(real: Tensor, z: Tensor) -> None:
    once, again = new(PLAIN), new(PLAIN)
    for weight in again.discriminator.parameters():
        weight.grad = torch.ones_like(weight)

    for state in (once, again):
        discriminator_step(state, PLAIN, DiscriminatorBatch(real, z))

    assert not differences(copy_of(once.discriminator), copy_of(again.discriminator))


@pytest.mark.parametrize("penalty", ["none", "r1", "gradient-penalty"])
def test_terms_are_scalars_without_a_graph(
    real: Tensor, z: Tensor, mix: Tensor, penalty: str
) -> None:
    config = replace(SMALL, penalty=penalty)
    state = new(config)

    batch = DiscriminatorBatch(real, z, mix if penalty == "gradient-penalty" else None)
    d_terms = discriminator_step(state, config, batch)
    g_loss = generator_step(state, config, GeneratorBatch(z))

    terms = [term for term in (d_terms.loss, d_terms.penalty, g_loss) if term is not None]
    assert len(terms) == (2 if penalty == "none" else 3)
    assert all(term.shape == () and term.grad_fn is None for term in terms)
    assert not any(term.requires_grad for term in terms)


def test_a_step_draws_nothing_and_leaves_what_it_was_given(real: Tensor, z: Tensor) -> None:
    state, before = new(SMALL), torch.get_rng_state()
    given = (real.clone(), z.clone())

    discriminator_step(state, SMALL, DiscriminatorBatch(real, z))
    generator_step(state, SMALL, GeneratorBatch(z))

    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(real, given[0])
    assert torch.equal(z, given[1])
    assert not real.requires_grad
