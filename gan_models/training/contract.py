"""What networks and losses of a user's own promise, tried in one round of training beforehand.

See ``gan_models.networks.base`` and ``gan_models.objectives.losses`` for the promises. What is
ours is checked by our tests, and costs nothing here.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_models.config import LOSS_NAMES, NETWORK_NAMES, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.residence import place as place_on
from gan_models.errors import FactoryError
from gan_models.factories import blamed_on
from gan_models.networks.base import generate
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.objectives.contract import check_losses
from gan_models.samples import SampleSpec
from gan_models.training.batch import DiscriminatorBatch
from gan_models.training.draws import Draws
from gan_models.training.freeze import Freeze
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import discriminator_step, generator_step

_BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "generator": build_generator,
    "discriminator": build_discriminator,
}
_FROM_Z = "take what is random from z, which derives from the seed"


def own_parts(config: GanConfig) -> tuple[str, ...]:
    """Return what a check of the contract depends on; nothing where all is ours.

    Networks of several sizes count as one.
    """
    named = (
        (config.network, NETWORK_NAMES),
        (config.d_loss, LOSS_NAMES),
        (config.g_loss, LOSS_NAMES),
    )
    own = ["" if name in ours else name for name, ours in named]
    return (*own, config.penalty, config.conditioning) if any(own) else ()


def check_contract(config: GanConfig, real: Dataset, *, device: str = "cpu") -> None:
    """Check networks and losses that are not ours; leaves no trace.

    Args:
        config: that a sweep may propose.
        real: samples to train on, for one round.
        device: to train on.

    Raises:
        FactoryError: naming the network or the loss, what it breaks, and what is expected.
        ParameterError: by which a user's own builder refuses the configuration.
    """
    with _kept_generators(device):
        if config.network not in NETWORK_NAMES:
            _check_seeds(config, real.sample)
            _check_networks(config, real, device)
        check_losses(config)
        if own_parts(config):
            _check_round(config, real, device)


def check_built(config: GanConfig, sample: SampleSpec) -> None:
    """Build networks that are not ours.

    Raises:
        FactoryError: if they cannot be had, or built.
        ParameterError: by which their builder refuses the configuration.
    """
    for network, build in _BUILDERS.items():
        _built(build, config, sample, network)


def _built(
    build: Callable[..., nn.Module],
    config: GanConfig,
    sample: SampleSpec,
    network: str,
    seed: int = 0,
) -> nn.Module:
    where = _where(config, network)
    with blamed_on(where, "cannot be built"):
        built = build(config, sample, seed=seed)
    if not isinstance(built, nn.Module) or not list(built.parameters()):
        raise FactoryError(f"{where}: must be built as an nn.Module that has parameters")
    return built


def _check_seeds(config: GanConfig, sample: SampleSpec) -> None:
    """Check that the seed, and nothing else, decides the weights."""
    for network, build in _BUILDERS.items():
        once, again, other = (
            _built(build, config, sample, network, seed=seed) for seed in (0, 0, 1)
        )
        if not _equal(once, again):
            raise FactoryError(
                f"{_where(config, network)}: equal seeds give different weights: draw them by "
                "torch alone, whose generator is seeded for the builder"
            )
        if _equal(once, other):
            raise FactoryError(
                f"{_where(config, network)}: every seed gives the same weights: leave the seed to "
                "the sweep"
            )


def _check_networks(config: GanConfig, real: Dataset, device: str) -> None:
    """Check what G and D give, and that G can learn from D."""
    state, batch = _begin(config, real, device)
    labels = () if batch.labels is None else (batch.labels,)
    before = _global_generators(device)
    with blamed_on(_where(config, "generator"), f"fails on z of {_size(batch.z)}"):
        kept = _weights(state.generator)
        samples = generate(state.generator, batch.z, batch.labels)
    shape = (len(batch.z), *real.sample.shape)
    _check_output(samples, shape, batch.z, _where(config, "generator"))
    _check_range(samples, real.sample, _where(config, "generator"))
    _check_kept(state.generator, kept, _where(config, "generator"))

    where = _where(config, "discriminator")
    with blamed_on(where, f"fails on samples of {_size(samples)}"):
        kept = _weights(state.discriminator)
        logits = state.discriminator(samples, *labels)
    num_classes = len(real.sample.classes or ()) if config.conditioning == "auxiliary" else 0
    shape = (len(batch.z) // config.pack, *([1 + num_classes] if num_classes else []))
    _check_output(logits, shape, batch.z, where)
    _check_kept(state.discriminator, kept, where)
    if _global_generators(device) != before:
        raise FactoryError(
            f"network = '{config.network}': draws from a global random generator when it is "
            f"called, as dropout does, so a resumed trial would not repeat: {_FROM_Z}"
        )
    _check_gradients(config, state, logits)
    if config.penalty != "none" and config.samples_judged_together == 1:
        _check_apart(config, samples.detach(), lambda given: state.discriminator(given, *labels))


def _check_output(given: Any, shape: tuple[int, ...], like: Tensor, where: str) -> None:
    if not isinstance(given, Tensor):
        raise FactoryError(f"{where}: gives {type(given).__name__}, must give a tensor")
    if tuple(given.shape) != shape:
        raise FactoryError(
            f"{where}: gives {_size(given)}, must give {' x '.join(map(str, shape))}"
        )
    if (given.dtype, given.device) != (like.dtype, like.device):
        raise FactoryError(
            f"{where}: gives {given.dtype} on {given.device}, must be {like.dtype} on "
            f"{like.device}, where its input is"
        )
    if not given.isfinite().all():
        raise FactoryError(f"{where}: untrained, it gives values that are not finite")


def _check_range(samples: Tensor, sample: SampleSpec, where: str) -> None:
    """Check that images lie where real ones do: what is beyond would be cut off in every score."""
    low, high = samples.min().item(), samples.max().item()
    if len(sample.shape) > 1 and (low < -1 or high > 1):
        raise FactoryError(
            f"{where}: untrained, it gives images from {low:.3g} to {high:.3g}, must be within "
            "[-1, 1]: end it in a tanh"
        )


def _weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.named_parameters()}


def _check_kept(network: nn.Module, before: dict[str, Tensor], where: str) -> None:
    """Check that a call leaves the weights to the optimiser."""
    for name, weight in network.named_parameters():
        if not torch.equal(weight, before[name]):
            raise FactoryError(
                f"{where}: '{name}' changes when it is called: weights are changed by the "
                "optimiser alone"
            )


def _check_gradients(config: GanConfig, state: TrainState, logits: Tensor) -> None:
    for network, name in ((state.discriminator, "discriminator"), (state.generator, "generator")):
        weights = [each for each in network.parameters() if each.requires_grad]
        found = (
            torch.autograd.grad(logits.sum(), weights, allow_unused=True, retain_graph=True)
            if logits.requires_grad and weights
            else ()
        )
        if not any(each is not None and each.any() for each in found):
            through = " through D" if name == "generator" else ""
            raise FactoryError(
                f"{_where(config, name)}: no gradient reaches it{through}: something on the way is "
                "detached, rounded or constant"
            )


def _check_apart(
    config: GanConfig, samples: Tensor, discriminator: Callable[[Tensor], Tensor]
) -> None:
    """Check that a logit is of one sample, as a penalty on its gradient takes it to be."""
    samples.requires_grad_()
    (gradient,) = torch.autograd.grad(discriminator(samples)[0].sum(), samples)
    if gradient[1:].any():
        raise FactoryError(
            f"{_where(config, 'discriminator')}: a logit depends on other samples of the batch, "
            f"as by batch norm, which penalty = '{config.penalty}' cannot go with: take layer, "
            "group or no norm in D, or penalty = 'none'"
        )


def _check_round(config: GanConfig, real: Dataset, device: str) -> None:
    """Check one update of each network, in which the other must stay as it is."""
    state, batch = _begin(config, real, device)
    draws = Draws(config, real, seed=0, device=state.device)
    own = f"network = '{config.network}', d_loss = '{config.d_loss}', g_loss = '{config.g_loss}'"
    where = _where(config, "generator")
    with (
        blamed_on(own, "D's update fails"),
        _frozen(state.generator, state.frozen_generator, where),
    ):
        terms = discriminator_step(state, config, batch)
    where, freeze = _where(config, "discriminator"), state.frozen_discriminator
    with blamed_on(own, "G's update fails"), _frozen(state.discriminator, freeze, where):
        loss = generator_step(state, config, draws.for_generator(0, nimg=0))
    weights = [*state.generator.parameters(), *state.discriminator.parameters()]
    if not all(each.isfinite().all() for each in [terms.loss, loss, *weights]):
        raise FactoryError(f"{own}: the first round of training gives values that are not finite")


@contextmanager
def _frozen(network: nn.Module, freeze: Freeze, where: str) -> Iterator[None]:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with freeze:
        yield
    for name, value in network.state_dict().items():
        if not torch.equal(value, before[name]):
            raise FactoryError(
                f"{where}: '{name}' changes while the network is frozen: what is kept between "
                "calls must be a parameter, or the statistics of a batch norm"
            )


def _begin(config: GanConfig, real: Dataset, device: str) -> tuple[TrainState, DiscriminatorBatch]:
    state = new_state(config, real.sample, seed=0, device=device)
    real = place_on(real, device)
    return state, Draws(config, real, seed=0, device=state.device).for_discriminator(0)


def _equal(one: nn.Module, other: nn.Module) -> bool:
    mine, others = one.state_dict(), other.state_dict()
    return list(mine) == list(others) and all(torch.equal(mine[key], others[key]) for key in mine)


def _global_generators(device: str) -> list[Any]:
    """Return where every global random generator stands, in a form that can be compared."""
    kind, keys, *rest = np.random.get_state(legacy=True)
    states = [torch.get_rng_state().tolist(), random.getstate(), (kind, list(keys), *rest)]
    if torch.device(device).type == "cuda":
        states.append(torch.cuda.get_rng_state().tolist())
    return states


@contextmanager
def _kept_generators(device: str) -> Iterator[None]:
    of_python, of_numpy = random.getstate(), np.random.get_state()
    devices = [torch.cuda.current_device()] if torch.device(device).type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)


def _where(config: GanConfig, network: str) -> str:
    return f"network = '{config.network}': its {network}"


def _size(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "one number"
