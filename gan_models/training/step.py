"""One update of D and one of G.

Pure in everything but the state: randomness comes in as tensors, loss terms go out as tensors
that nobody has waited for, nothing is logged.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.config import GanConfig
from gan_models.networks.base import generate
from gan_models.objectives.judge import Judge
from gan_models.objectives.judgement import (
    Network,
    Shown,
    discriminator_objective,
    due_penalty,
)
from gan_models.objectives.losses import find_objective, undecided_logit
from gan_models.objectives.orthogonal import orthogonal
from gan_models.training.augmenting import augmented, twins
from gan_models.training.batch import DiscriminatorBatch, GeneratorBatch
from gan_models.training.descent import clip_weights, descend
from gan_models.training.precision import in_precision
from gan_models.training.state import TrainState
from gan_models.training.unrolling import unrolled


@dataclass(frozen=True)
class DiscriminatorTerms:
    """What D minimised, as detached scalars; ``penalty`` carries its weight, or is None."""

    loss: Tensor
    penalty: Tensor | None


def discriminator_step(
    state: TrainState, config: GanConfig, batch: DiscriminatorBatch
) -> DiscriminatorTerms:
    """Train D on a real batch (label 1) and an equal fake batch (label 0).

    Args:
        state: changed in place: D, its optimiser, the pool of former fakes, and ADA's p.
        config: objective, penalty and how D descends.
        batch: what the update is made of.
    """
    with torch.no_grad():
        fake = generate(in_precision(state.generator, config), batch.z, batch.labels)
    if state.replay is not None and batch.replayed is not None:
        fake = state.replay.exchange_first(fake, batch.replayed)
    fake, real = augmented(state, config, batch.augment, fake=fake, real=batch.real)
    loss, penalty, real_logits = discriminator_objective(
        config,
        Shown(
            real,
            fake,
            batch.drawn,
            batch.labels,
            *twins(config, batch.twins, fake=fake, real=real),
        ),
        due_penalty(config, state.nimg),
        discriminator=state.discriminator,
        plain=in_precision(state.discriminator, config),
    )
    if state.ada is not None and batch.augment is not None:
        undecided = undecided_logit(config)
        state.ada.observe(real_logits, config, undecided=undecided, nimg=state.nimg)
    if config.d_orthogonal:
        overlap = config.d_orthogonal * orthogonal(state.discriminator)
        penalty = overlap if penalty is None else penalty + overlap

    total, seen_nimg = loss if penalty is None else loss + penalty, state.nimg + len(batch.real)
    descend(state.d_optimizer, total, config, base_lr=config.d_lr, nimg=seen_nimg)
    if config.weight_clip:
        clip_weights(state.d_optimizer, config.weight_clip)
    return DiscriminatorTerms(loss.detach(), None if penalty is None else penalty.detach())


def generator_step(state: TrainState, config: GanConfig, batch: GeneratorBatch) -> Tensor:
    """Train G through D; return G's loss, detached.

    D must be frozen: gradients pass through it to G, and stop nowhere on the way.

    Args:
        state: changed in place: G and its optimiser.
        config: objective, how many updates of D to look ahead, and how G descends.
        batch: what the update is made of.
    """
    objective = find_objective(config.g_loss, "g_loss")
    fake = generate(in_precision(state.generator, config), batch.z, batch.labels)
    fake, real = augmented(state, config, batch.augment, fake=fake, real=batch.real)
    opponent = _opponent(state, config, batch, fake, real)
    judge = Judge(opponent, batch.labels)
    logits = judge(fake)
    if objective.is_relative and real is not None:
        with torch.set_grad_enabled(config.unroll_steps > 0):  # G moves the D of then, not of now
            rivals = Judge(opponent, batch.labels)(real)
        logits = logits - rivals
    loss = objective.generator(logits)
    if judge.class_loss is not None:
        loss = loss + config.auxiliary_weight * judge.class_loss

    total = loss
    if config.g_orthogonal:
        total = loss + config.g_orthogonal * orthogonal(state.generator)
    descend(state.g_optimizer, total, config, base_lr=config.g_lr, nimg=state.nimg)
    return loss.detach()


def _opponent(
    state: TrainState, config: GanConfig, batch: GeneratorBatch, fake: Tensor, real: Tensor | None
) -> Network:
    """Return the D that G answers: as it is, or as it is about to become by what it sees."""
    if not config.unroll_steps or real is None:
        return in_precision(state.discriminator, config)
    more = twins(config, batch.twins, fake=fake, real=real)
    shown = Shown(real, fake, None, batch.labels, *more)
    penalty = due_penalty(config, state.nimg)

    def objective(discriminator: Network) -> Tensor:
        loss, term, _ = discriminator_objective(
            config, shown, penalty, discriminator=discriminator, plain=discriminator
        )
        return loss if term is None else loss + term

    return unrolled(state.discriminator, state.d_optimizer, objective, config.unroll_steps)
