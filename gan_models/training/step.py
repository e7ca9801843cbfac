"""One update of D and one of G.

Pure in everything but the state: randomness comes in as tensors, loss terms go out as tensors
that nobody has waited for, nothing is logged.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.objectives.losses import OBJECTIVES
from gan_models.objectives.penalties import Discriminate, gradient_penalty, r1
from gan_models.training.state import TrainState
from gan_models.training.unrolling import unrolled


@dataclass(frozen=True)
class DiscriminatorTerms:
    """What D minimised, as detached scalars; ``penalty`` carries its weight, or is None."""

    loss: Tensor
    penalty: Tensor | None


def discriminator_step(
    state: TrainState,
    config: GanConfig,
    real: Tensor,
    z: Tensor,
    mix: Tensor | None,
    *,
    replayed: Tensor | None = None,
) -> DiscriminatorTerms:
    """Train D on a real batch (label 1) and an equal fake batch (label 0).

    Args:
        state: changed in place: D, its optimiser, and the pool of former fakes.
        config: objective and penalty.
        real: N x ``sample.shape``, encoded.
        z: N x ``latent_dim``.
        mix: N weights for the gradient penalty; None where there is none.
        replayed: the places of the pool that take fakes for former ones; None where there is none.
    """
    with torch.no_grad():
        fake = state.generator(z)
    if state.replay is not None and replayed is not None:
        fresh, others = fake[: len(replayed)], fake[len(replayed) :]
        fake = torch.cat([state.replay.exchange(fresh, replayed), others])
    loss, penalty = discriminator_objective(state.discriminator, config, real, fake, mix=mix)

    state.d_optimizer.zero_grad()
    (loss if penalty is None else loss + penalty).backward()
    state.d_optimizer.step()
    return DiscriminatorTerms(loss.detach(), None if penalty is None else penalty.detach())


def discriminator_objective(
    discriminator: Discriminate,
    config: GanConfig,
    real: Tensor,
    fake: Tensor,
    *,
    mix: Tensor | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Return D's loss, and its penalty with its weight or None: D minimises their sum."""
    penalty = None
    if config.penalty == "r1":
        raw, real_logits = r1(discriminator, real)
        penalty = config.r1_gamma * raw
    else:
        real_logits = discriminator(real)
    if mix is not None:
        penalty = config.gp_weight * gradient_penalty(discriminator, real, fake, mix)
    return OBJECTIVES[config.d_loss].discriminator(real_logits, discriminator(fake)), penalty


def generator_step(
    state: TrainState, config: GanConfig, z: Tensor, *, real: Tensor | None = None
) -> Tensor:
    """Train G on N x ``latent_dim`` latents through D; return G's loss, detached.

    D must be frozen: gradients pass through it to G, and stop nowhere on the way.

    Args:
        state: changed in place: G and its optimiser.
        config: objective, and how many updates of D to look ahead.
        z: N x ``latent_dim``.
        real: N x ``sample.shape``, encoded: what D learns from in the updates ahead, if any.
    """
    fake = state.generator(z)
    discriminator: Discriminate = state.discriminator
    learners = None  # all that ask for a gradient
    if config.unroll_steps:
        assert real is not None
        discriminator = _ahead(state, config, real, fake)
        learners = list(state.generator.parameters())  # not the weights that D's updates start from
    loss = OBJECTIVES[config.g_loss].generator(discriminator(fake))
    state.g_optimizer.zero_grad()
    loss.backward(inputs=learners)
    state.g_optimizer.step()
    return loss.detach()


def _ahead(state: TrainState, config: GanConfig, real: Tensor, fake: Tensor) -> Discriminate:
    def objective(discriminator: Discriminate) -> Tensor:
        loss, penalty = discriminator_objective(discriminator, config, real, fake)
        return loss if penalty is None else loss + penalty

    return unrolled(state.discriminator, state.d_optimizer, objective, config.unroll_steps)
