"""Everything that training changes, in one place."""

import copy
from dataclasses import dataclass
from math import isnan

import torch
from torch import nn
from torch.optim import Adam, Optimizer

from gan_models.augmentation.adaptive import AdaptiveProbability
from gan_models.config import GanConfig
from gan_models.errors import ParameterError
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.objectives.losses import undecided_logit
from gan_models.samples import SampleSpec
from gan_models.training.ema import MovingAverage
from gan_models.training.freeze import Freeze
from gan_models.training.replay import FakePool


@dataclass
class TrainState:
    """Networks, their optimisers, and how far training has come.

    ``nimg`` counts the real images that D has seen; ``step`` counts G updates. Both are absolute:
    they, with the seed, determine every random draw that is still to come.
    """

    generator: nn.Module
    discriminator: nn.Module
    ema: nn.Module
    g_optimizer: Optimizer
    d_optimizer: Optimizer
    moving_average: MovingAverage
    frozen_generator: Freeze
    frozen_discriminator: Freeze
    nimg: int = 0
    step: int = 0
    replay: FakePool | None = None
    ada: AdaptiveProbability | None = None

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return next(self.generator.parameters()).device


def new_state(
    config: GanConfig, sample: SampleSpec, *, seed: int, device: torch.device | str = "cpu"
) -> TrainState:
    """Build an untrained state; equal arguments give bit-identical weights.

    Raises:
        ParameterError: if the network cannot make such samples, or ADA cannot read a user's loss.
    """
    generator = build_generator(config, sample, seed=seed).to(device)
    discriminator = build_discriminator(config, sample, seed=seed).to(device)
    ema = copy.deepcopy(generator).eval().requires_grad_(False)
    betas = (config.beta1, config.beta2)
    return TrainState(
        generator=generator,
        discriminator=discriminator,
        ema=ema,
        g_optimizer=Adam(generator.parameters(), lr=config.g_lr, betas=betas, fused=True),
        d_optimizer=Adam(discriminator.parameters(), lr=config.d_lr, betas=betas, fused=True),
        moving_average=MovingAverage(ema, generator, config),
        frozen_generator=Freeze(generator),
        frozen_discriminator=Freeze(discriminator),
        replay=FakePool.wanted_by(config),
        ada=_adaptive_probability(config, device),
    )


def adopt(state: TrainState, config: GanConfig) -> None:
    """Let a state go on by another configuration of the same networks.

    What a state takes from its configuration, beside the networks, is both learning rates and, by
    the ratio of updates, how fast the average of G forgets; ``train`` is given the rest. Former
    fakes stay where the other configuration keeps as many of them, ADA's p where it has one.
    """
    for optimizer, rate in ((state.d_optimizer, config.d_lr), (state.g_optimizer, config.g_lr)):
        for group in optimizer.param_groups:
            group["lr"] = rate
    state.moving_average = MovingAverage(state.ema, state.generator, config)
    wanted = FakePool.wanted_by(config)
    if wanted is None or state.replay is None or wanted.capacity != state.replay.capacity:
        state.replay = wanted
    if state.ada is None or config.augment != "ada":
        state.ada = _adaptive_probability(config, state.device)


def _adaptive_probability(
    config: GanConfig, device: torch.device | str
) -> AdaptiveProbability | None:
    if config.augment == "ada" and isnan(undecided_logit(config)):  # of a user's own loss
        raise ParameterError(
            f"augment = 'ada' with d_loss = '{config.d_loss}': it adapts by the sign of D's "
            "values, but this loss names no threshold; take augment = 'diff'"
        )
    return AdaptiveProbability.wanted_by(config, device)
