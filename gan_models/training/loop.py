"""The alternation of D and G that every GAN tutorial draws, as a generator function.

The caller pulls progress, and evaluates, saves or judges between two pulls; it stops training by
not pulling any more.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from torch import Tensor

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.training.draws import Draws
from gan_models.training.state import TrainState
from gan_models.training.step import DiscriminatorTerms, discriminator_step, generator_step


@dataclass(frozen=True)
class Progress:
    """One round: how far training has come, and what the last update of each network minimised."""

    nimg: int
    step: int
    d_terms: DiscriminatorTerms
    g_loss: Tensor


def train(
    config: GanConfig, state: TrainState, real: Dataset, *, seed: int, until_nimg: int
) -> Iterator[Progress]:
    """Train ``state`` in place, a round at a time, until D has seen ``until_nimg`` images.

    Starts wherever the state stands. All randomness derives from ``seed`` and the state's
    progress, so stopping after any round and going on later changes nothing.
    """
    draws = Draws(config, real, seed=seed, device=state.device)
    num_d_updates, num_g_updates = updates_per_round(config, len(real))

    while state.nimg < until_nimg:
        # phase 1: D learns to tell real from fake while G is frozen
        with state.frozen_generator:
            for _ in range(num_d_updates):
                d_terms = discriminator_step(state, config, draws.for_discriminator(state.nimg))
                state.nimg += config.batch_size

        # phase 2: G learns to pass for real while D is frozen
        with state.frozen_discriminator:
            for _ in range(num_g_updates):
                batch = draws.for_generator(state.step, nimg=state.nimg)
                g_loss = generator_step(state, config, batch)
                state.moving_average.update(state.nimg)
                state.step += 1

        yield Progress(state.nimg, state.step, d_terms, g_loss)


def updates_per_round(config: GanConfig, num_real: int) -> tuple[int, int]:
    """Return how many D and G updates one round has.

    An epoch is as many batches as all real samples fill; the last one reaches into the next epoch.
    """
    per_unit = 1 if config.round_unit == "steps" else ceil(num_real / config.batch_size)
    return config.d_steps * per_unit, config.g_steps * per_unit
