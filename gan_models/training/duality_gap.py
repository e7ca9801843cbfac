"""The duality gap: how far G and D are from a state in which neither can gain alone.

A convergence signal without a feature network, labels or a distance between samples: it asks only
the players, and real samples (Grnarova et al., 1811.05512). With the classic value of the game,

    M(G, D) = log 2 + ½ E log σ(l(x)) + ½ E log(1 − σ(l(G(z)))),

which is their eq. 1 moved so that an ideal state has 0, it is max_D' M(G, D') − min_G' M(G', D), in
nats, and at least the Jensen-Shannon divergence of G from data that some G could reproduce. Copies
of D and of G, trained for a few steps, stand in for the extremes.

One M serves all objectives, since values of different ones could not be compared within a sweep.
D's logits count from where its own loss is undecided, so a critic's offset plays no part. A D that
judges packs, or a sample by its neighbours, plays with their joint distribution, of which less
change is needed: its values compare only with those of equal ``pack`` and ``minibatch``.
"""

import copy
from dataclasses import dataclass, replace
from math import isfinite, isnan, log, nan

import torch
from torch import Tensor, nn
from torch.optim import Adam

from gan_models.config import SHAPING_PARAMS, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.errors import MetricError, ParameterError
from gan_models.networks.base import generate
from gan_models.objectives.judge import Judge
from gan_models.objectives.losses import cross_entropy, undecided_logit
from gan_models.training.batch import DiscriminatorBatch
from gan_models.training.draws import Draws
from gan_models.training.freeze import Freeze
from gan_models.training.state import TrainState
from gan_models.training.step import discriminator_step, generator_step

NUM_STEPS = 200
_BATCH_SIZE = 64  # or a little less, so that D can judge whole packs and groups


@dataclass(frozen=True)
class DualityGap:
    """The gap and its two ends; NaN where training a worst case left the finite numbers.

    ``worst_d_value`` (0 to log 2) is how well a D that goes on learning tells G's samples from real
    ones: a lower bound of their Jensen-Shannon divergence, and the number to compare trials by.
    ``worst_g_value`` is how low a G that goes on learning can drive the present D; it has no lower
    bound and grows with the scale of D's logits, so a ``gap`` is compared within one trial.
    """

    gap: float
    worst_d_value: float
    worst_g_value: float


def duality_gap(
    config: GanConfig,
    state: TrainState,
    adversary: Dataset,
    heldout: Dataset,
    *,
    num_steps: int = NUM_STEPS,
    seed: int,
) -> DualityGap:
    """Train a copy of D against G and a copy of G against D, and compare the values they reach.

    Costs ``num_steps`` updates of D and as many of G, 64 samples each, and two passes over
    ``heldout``: as much as ``num_steps`` rounds of training without a penalty. Few steps, like all
    that keeps a copy from its optimum, make the gap smaller than the true one; around 0 noise can
    make it negative. Only equal ``num_steps`` compare.

    Args:
        config: networks and D's loss of the run; its optimisation is not used.
        state: left bit for bit as it is. Its G and D play, not the moving average.
        adversary: what the copy of D learns from; the samples of training will do.
        heldout: what both copies are scored on: samples that are neither of training nor in
            ``adversary``.
        num_steps: updates of each copy.
        seed: of every draw. A fixed one makes differences between states less noisy.

    Raises:
        MetricError: if a part is empty, is also the other one, or has samples of another shape.
        ParameterError: if there is no step to take.
    """
    _check(adversary, heldout, num_steps)
    common = _common_training(config)
    draws = Draws(common, adversary, seed=seed, device=state.device)
    threshold = _threshold(config, state, adversary, draws)

    worst_d = _copies(state, common, threshold=threshold)
    with worst_d.frozen_generator:
        for step in range(num_steps):
            nimg, z = step * common.batch_size, draws.latents("discriminator", step)
            batch = DiscriminatorBatch(draws.real(nimg), z, labels=draws.real_labels(nimg))
            discriminator_step(worst_d, common, batch)

    worst_g = _copies(state, common, threshold=threshold)
    with worst_g.frozen_discriminator:
        for step in range(num_steps):
            generator_step(worst_g, common, draws.for_generator(step, nimg=0))

    d_value, g_value = _value(worst_d, heldout, draws), _value(worst_g, heldout, draws)
    return DualityGap(d_value - g_value, d_value, g_value)


class _ShiftedLogits(nn.Module):
    """D with its logits counted from ``threshold``."""

    def __init__(self, discriminator: nn.Module, threshold: float) -> None:
        super().__init__()
        self.discriminator = discriminator
        self.threshold = threshold

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """Map N x ``sample.shape`` to N logits."""
        return Judge(self.discriminator, labels)(samples) - self.threshold


def _check(adversary: Dataset, heldout: Dataset, num_steps: int) -> None:
    if num_steps < 1:
        raise ParameterError(f"num_steps = {num_steps}: must be at least 1")
    for role, part in (("adversary", adversary), ("held-out", heldout)):
        if not len(part):
            raise MetricError(f"duality gap: the {role} part of '{part.name}' has no samples")
    if adversary.sample != heldout.sample:
        raise MetricError(
            f"duality gap: adversary samples of shape {adversary.sample.shape}, "
            f"but held-out ones of shape {heldout.sample.shape}"
        )
    if adversary.fingerprint == heldout.fingerprint:
        raise MetricError(
            f"duality gap: the adversary and held-out parts of '{adversary.name}' are the same "
            f"samples; take two disjoint splits"
        )


def _common_training(config: GanConfig) -> GanConfig:
    """Return how copies train, whatever the run varies: else a low rate would look converged.

    G's copy takes the non-saturating loss. The saturating one is M itself, but once fakes pass it
    goes on to raise their logits: M falls without end, and says nothing.
    """
    together = config.samples_judged_together
    return GanConfig(
        **{name: getattr(config, name) for name in SHAPING_PARAMS},
        minibatch_group=config.minibatch_group,
        d_loss="non-saturating",
        g_loss="non-saturating",
        penalty="none",
        batch_size=together * max(1, _BATCH_SIZE // together),
        d_lr=1e-3,
        g_lr=1e-3,
        beta1=0.5,
        beta2=0.99,
    )


def _copies(state: TrainState, config: GanConfig, *, threshold: float) -> TrainState:
    """Return copies of G and D with fresh optimisers; the moving average stays the run's."""
    generator = copy.deepcopy(state.generator)
    discriminator = _ShiftedLogits(copy.deepcopy(state.discriminator), threshold)
    betas = (config.beta1, config.beta2)
    return replace(
        state,
        generator=generator,
        discriminator=discriminator,
        g_optimizer=Adam(generator.parameters(), lr=config.g_lr, betas=betas, fused=True),
        d_optimizer=Adam(discriminator.parameters(), lr=config.d_lr, betas=betas, fused=True),
        frozen_generator=Freeze(generator),
        frozen_discriminator=Freeze(discriminator),
    )


def _threshold(config: GanConfig, state: TrainState, real: Dataset, draws: Draws) -> float:
    """Return the logit at which D is undecided; for a critic, midway between its mean values."""
    threshold = undecided_logit(config)
    if not isnan(threshold):
        return threshold
    real_values, fake_values = _logits(_copies(state, config, threshold=0.0), real, draws)
    return float(real_values.mean() + fake_values.mean()) / 2


def _value(players: TrainState, real: Dataset, draws: Draws) -> float:
    value = log(2) - 0.5 * float(cross_entropy(*_logits(players, real, draws)))
    return value if isfinite(value) else nan


@torch.no_grad()
def _logits(players: TrainState, real: Dataset, draws: Draws) -> tuple[Tensor, Tensor]:
    """Return D's logits on all reals and on at least as many fakes, as training computes them.

    G sees whole batches of latents only, since batch norm inside it uses their statistics.
    """
    real_logits, fake_logits = [], []
    classes = () if real.labels is None else real.labels.to(players.device).split(draws.batch_size)
    with players.frozen_generator, players.frozen_discriminator:
        for index, stored in enumerate(real.stored.split(draws.batch_size)):
            seen = real.sample.encode(stored.to(players.device))
            labels = draws.labels("value", index)
            fake = generate(players.generator, draws.latents("value", index), labels)
            on_real = Judge(players.discriminator, None if labels is None else classes[index])
            real_logits.append(on_real(seen))
            fake_logits.append(Judge(players.discriminator, labels)(fake))
    return torch.cat(real_logits).double(), torch.cat(fake_logits).double()
