"""One update of D and one of G.

Pure in everything but the state: randomness comes in as tensors, loss terms go out as tensors
that nobody has waited for, nothing is logged.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.objectives.losses import OBJECTIVES
from gan_models.objectives.penalties import gradient_penalty, r1
from gan_models.training.state import TrainState


@dataclass(frozen=True)
class DiscriminatorTerms:
    """What D minimised, as detached scalars; ``penalty`` carries its weight, or is None."""

    loss: Tensor
    penalty: Tensor | None


def discriminator_step(
    state: TrainState, config: GanConfig, real: Tensor, z: Tensor, mix: Tensor | None
) -> DiscriminatorTerms:
    """Train D on a real batch (label 1) and an equal fake batch (label 0).

    Args:
        state: changed in place: D and its optimiser.
        config: objective and penalty.
        real: N x ``sample.shape``, encoded.
        z: N x ``latent_dim``.
        mix: N weights for the gradient penalty; None where there is none.
    """
    with torch.no_grad():
        fake = state.generator(z)
    penalty = None
    if config.penalty == "r1":
        raw, real_logits = r1(state.discriminator, real)
        penalty = config.r1_gamma * raw
    else:
        real_logits = state.discriminator(real)
    if mix is not None:
        penalty = config.gp_weight * gradient_penalty(state.discriminator, real, fake, mix)
    loss = OBJECTIVES[config.d_loss].discriminator(real_logits, state.discriminator(fake))

    state.d_optimizer.zero_grad()
    (loss if penalty is None else loss + penalty).backward()
    state.d_optimizer.step()
    return DiscriminatorTerms(loss.detach(), None if penalty is None else penalty.detach())


def generator_step(state: TrainState, config: GanConfig, z: Tensor) -> Tensor:
    """Train G on N x ``latent_dim`` latents through D; return G's loss, detached.

    D must be frozen: gradients pass through it to G, and stop nowhere on the way.
    """
    loss = OBJECTIVES[config.g_loss].generator(state.discriminator(state.generator(z)))
    state.g_optimizer.zero_grad()
    loss.backward()
    state.g_optimizer.step()
    return loss.detach()
