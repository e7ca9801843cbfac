"""One update of D and one of G.

Pure in everything but the state: randomness comes in as tensors, loss terms go out as tensors
that nobody has waited for, nothing is logged.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.objectives.judgement import Shown, due_penalty, judge
from gan_models.objectives.losses import OBJECTIVES, discriminator_loss
from gan_models.objectives.orthogonal import orthogonal
from gan_models.training.descent import clip_weights, descend
from gan_models.training.precision import in_precision
from gan_models.training.state import TrainState


@dataclass(frozen=True)
class DiscriminatorTerms:
    """What D minimised, as detached scalars; ``penalty`` carries its weight, or is None."""

    loss: Tensor
    penalty: Tensor | None


def discriminator_step(
    state: TrainState, config: GanConfig, real: Tensor, z: Tensor, drawn: Tensor | None
) -> DiscriminatorTerms:
    """Train D on a real batch (label 1) and an equal fake batch (label 0).

    Args:
        state: changed in place: D and its optimiser.
        config: objective, penalty and how D descends.
        real: N x ``sample.shape``, encoded.
        z: N x ``latent_dim``.
        drawn: what the penalty needs at random; None where it needs nothing.
    """
    with torch.no_grad():
        fake = in_precision(state.generator, config)(z)
    judged = judge(
        config,
        Shown(real, fake, drawn),
        due_penalty(config, state.nimg),
        discriminator=state.discriminator,
        plain=in_precision(state.discriminator, config),
    )
    loss = discriminator_loss(config)(judged.real_logits, judged.fake_logits)
    penalty = judged.penalty
    if config.d_orthogonal:
        overlap = config.d_orthogonal * orthogonal(state.discriminator)
        penalty = overlap if penalty is None else penalty + overlap

    total, seen_nimg = loss if penalty is None else loss + penalty, state.nimg + len(real)
    descend(state.d_optimizer, total, config, base_lr=config.d_lr, nimg=seen_nimg)
    if config.weight_clip:
        clip_weights(state.d_optimizer, config.weight_clip)
    return DiscriminatorTerms(loss.detach(), None if penalty is None else penalty.detach())


def generator_step(
    state: TrainState, config: GanConfig, z: Tensor, real: Tensor | None = None
) -> Tensor:
    """Train G on N x ``latent_dim`` latents through D; return G's loss, detached.

    D must be frozen: gradients pass through it to G, and stop nowhere on the way.

    Args:
        state: changed in place: G and its optimiser.
        config: objective and how G descends.
        z: N x ``latent_dim``.
        real: N x ``sample.shape``, encoded, where the loss is relative; else None.
    """
    discriminator = in_precision(state.discriminator, config)
    logits = discriminator(in_precision(state.generator, config)(z))
    if real is not None:
        with torch.no_grad():
            rivals = discriminator(real)
        logits = logits - rivals
    loss = OBJECTIVES[config.g_loss].generator(logits)

    total = loss
    if config.g_orthogonal:
        total = loss + config.g_orthogonal * orthogonal(state.generator)
    descend(state.g_optimizer, total, config, base_lr=config.g_lr, nimg=state.nimg)
    return loss.detach()
