import copy
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, product
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

from gan_models.config import LOSS_NAMES, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.errors import ParameterError
from gan_models.training import loop
from gan_models.training.draws import Draws
from gan_models.training.loop import train, updates_per_round
from gan_models.training.state import TrainState, new_state
from tests.gan_models.training.small_runs import (
    SMALL,
    SMALL_MLP,
    copy_of,
    differences,
    everything,
)

Watch = Callable[[str, TrainState, tuple[Any, ...]], None]


@pytest.fixture
def watch_steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[Watch], None]:
    """Call back before each update with its name, the state and what else the step was given."""

    def install(watch: Watch) -> None:
        def watched(name: str, step: Callable[..., Any]) -> Callable[..., Any]:
            def call(state: TrainState, config: GanConfig, *given: Any, **named: Any) -> Any:
                watch(name, state, given)
                return step(state, config, *given, **named)

            return call

        for name, function in (("D", "discriminator_step"), ("G", "generator_step")):
            monkeypatch.setattr(loop, function, watched(name, getattr(loop, function)))

    return install


@pytest.mark.parametrize(
    ("config", "rounds"),
    [
        (SMALL, "DG DG DG"),
        (replace(SMALL, d_steps=3), "DDDG DDDG"),
        (replace(SMALL, g_steps=2), "DGG DGG"),
        (replace(SMALL, d_steps=2, g_steps=3), "DDGGG"),
        (replace(SMALL, round_unit="epochs"), "DDDDDDGGGGGG"),  # ⌈22 / 4⌉ batches an epoch
        (replace(SMALL, round_unit="epochs", batch_size=11, d_steps=2), "DDDDGG DDDDGG"),
    ],
)
def test_a_round_has_the_updates_that_were_asked_for(
    images: Dataset, watch_steps: Callable[[Watch], None], config: GanConfig, rounds: str
) -> None:
    calls: list[str] = []
    watch_steps(lambda name, _, __: calls.append(name))
    state = new_state(config, images.sample, seed=0)
    num_rounds = rounds.count(" ") + 1

    progress = list(islice(train(config, state, images, seed=0, until_nimg=10_000), num_rounds))

    assert "".join(calls) == rounds.replace(" ", "")
    assert progress[-1].nimg == state.nimg == rounds.count("D") * config.batch_size
    assert progress[-1].step == state.step == rounds.count("G")


def test_counts_of_a_round_in_steps_and_in_epochs() -> None:
    in_epochs = replace(SMALL, d_steps=2, g_steps=3, round_unit="epochs")

    assert updates_per_round(replace(SMALL, d_steps=2, g_steps=3), 22) == (2, 3)
    assert updates_per_round(in_epochs, 22) == (12, 18)
    assert updates_per_round(in_epochs, 24) == (12, 18)
    assert updates_per_round(in_epochs, 25) == (14, 21)


def test_d_is_shown_every_real_sample_of_an_epoch(
    images: Dataset, watch_steps: Callable[[Watch], None]
) -> None:
    shown: list[Tensor] = []
    watch_steps(lambda name, _, given: shown.append(given[0].real) if name == "D" else None)
    config = replace(SMALL, round_unit="epochs")

    next(train(config, new_state(config, images.sample, seed=0), images, seed=0, until_nimg=1))

    first_pixels = torch.cat(shown)[:, 0, 0, 0]
    assert len(first_pixels) == 24
    assert len(first_pixels[:22].unique()) == 22


@pytest.mark.parametrize(("until_nimg", "nimg"), [(0, 0), (1, 4), (8, 8), (9, 12)])
def test_it_stops_with_the_round_that_reaches_the_mark(
    images: Dataset, until_nimg: int, nimg: int
) -> None:
    state = new_state(SMALL, images.sample, seed=0)

    seen = [
        progress.nimg for progress in train(SMALL, state, images, seed=0, until_nimg=until_nimg)
    ]

    assert seen == list(range(4, nimg + 1, 4))
    assert state.nimg == nimg


def test_nothing_happens_until_progress_is_pulled(images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)
    before = everything(state)

    rounds = train(SMALL, state, images, seed=0, until_nimg=100)
    assert not differences(everything(state), before)

    next(rounds)
    assert (state.nimg, state.step) == (4, 1)
    after = everything(state)
    rounds.close()  # type: ignore[attr-defined]
    assert not differences(everything(state), after)


def test_between_rounds_nothing_is_frozen(images: Dataset) -> None:
    state = new_state(SMALL, images.sample, seed=0)

    for _ in train(SMALL, state, images, seed=0, until_nimg=8):
        for network in (state.generator, state.discriminator):
            assert all(weight.requires_grad for weight in network.parameters())
            assert all(layer.training for layer in network.modules())


def test_stopping_and_going_on_changes_nothing(images: Dataset) -> None:
    whole, parted = (new_state(SMALL, images.sample, seed=0) for _ in range(2))

    list(train(SMALL, whole, images, seed=0, until_nimg=40))
    for until_nimg in (4, 12, 40):
        list(train(SMALL, parted, images, seed=0, until_nimg=until_nimg))

    assert not differences(everything(whole), everything(parted))


def test_another_seed_trains_otherwise(images: Dataset) -> None:
    states = [new_state(SMALL, images.sample, seed=0) for _ in range(2)]

    for seed, state in enumerate(states):
        list(train(SMALL, state, images, seed=seed, until_nimg=4))

    assert differences(*map(everything, states))


def test_each_network_rests_while_the_other_learns(
    images: Dataset, watch_steps: Callable[[Watch], None]
) -> None:
    config = replace(SMALL, spectral_norm=True, d_steps=3, g_steps=3)
    at_start: dict[str, dict[str, Tensor]] = {}
    resting = {"D": "generator", "G": "discriminator"}

    def watch(name: str, state: TrainState, _: tuple[Any, ...]) -> None:
        now = copy_of(getattr(state, resting[name]))
        assert not differences(at_start.setdefault(name, now), now)

    watch_steps(watch)
    state = new_state(config, images.sample, seed=0)
    next(train(config, state, images, seed=0, until_nimg=1))

    assert not differences(at_start["G"], copy_of(state.discriminator))
    assert differences(at_start["D"], copy_of(state.generator))


@pytest.mark.parametrize("penalty", ["none", "r1", "gradient-penalty"])
def test_mixes_are_drawn_for_the_gradient_penalty_alone(
    images: Dataset, watch_steps: Callable[[Watch], None], penalty: str
) -> None:
    mixes: list[Tensor | None] = []
    watch_steps(lambda name, _, given: mixes.append(given[0].drawn) if name == "D" else None)
    config = replace(SMALL, penalty=penalty)

    state = new_state(config, images.sample, seed=0)
    (progress,) = islice(train(config, state, images, seed=0, until_nimg=1), 1)

    assert (mixes[0] is not None) == (penalty == "gradient-penalty")
    assert (progress.d_terms.penalty is not None) == (penalty != "none")


def may_play(d_loss: str, g_loss: str) -> bool:
    try:
        GanConfig(d_loss=d_loss, g_loss=g_loss)
    except ParameterError:
        return False
    return True


@pytest.mark.parametrize(
    ("d_loss", "g_loss"),
    [pair for pair in product(LOSS_NAMES, LOSS_NAMES) if may_play(*pair)],
)
def test_d_and_g_may_take_different_losses(points: Dataset, d_loss: str, g_loss: str) -> None:
    config = replace(SMALL_MLP, d_loss=d_loss, g_loss=g_loss)
    state = new_state(config, points.sample, seed=0)
    before = everything(state)

    *_, last = train(config, state, points, seed=0, until_nimg=12)

    assert last.d_terms.loss.isfinite()
    assert last.g_loss.isfinite()
    moved = differences(before, everything(state))
    assert {"generator layers.0.weight", "discriminator trunk.1.weight"} <= set(moved)


def test_without_a_half_life_the_moving_average_is_g_after_every_round(images: Dataset) -> None:
    config = replace(SMALL, ema_half_life_kimg=0.0, g_steps=2)
    state = new_state(config, images.sample, seed=0)

    for _ in train(config, state, images, seed=0, until_nimg=8):
        assert not differences(copy_of(state.ema), copy_of(state.generator))


def test_training_leaves_the_global_generator_alone(images: Dataset) -> None:
    before = torch.get_rng_state()

    list(train(SMALL, new_state(SMALL, images.sample, seed=0), images, seed=0, until_nimg=8))

    assert torch.equal(torch.get_rng_state(), before)


def test_it_is_the_loop_of_the_tutorials(images: Dataset) -> None:
    # no batch norm: the biases before one get rounding noise for a gradient, which Adam amplifies
    config = replace(SMALL, d_steps=2, penalty="none", generator_norm="none")
    state = new_state(config, images.sample, seed=0)
    g, d = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)
    betas = (config.beta1, config.beta2)
    g_adam = torch.optim.Adam(g.parameters(), lr=config.g_lr, betas=betas)
    d_adam = torch.optim.Adam(d.parameters(), lr=config.d_lr, betas=betas)
    bce, draws = (
        binary_cross_entropy_with_logits,
        Draws(config, images, seed=3, device=torch.device("cpu")),
    )

    for step in range(10):
        for nimg in (8 * step, 8 * step + 4):
            real, fake = draws.real(nimg), g(draws.latents("discriminator", nimg)).detach()
            d_loss = bce(d(real), torch.ones(4)) + bce(d(fake), torch.zeros(4))
            d_adam.zero_grad()
            d_loss.backward()
            d_adam.step()
        g_loss = bce(d(g(draws.latents("generator", step))), torch.ones(4))
        g_adam.zero_grad()
        g_loss.backward()
        g_adam.step()

    *_, last = train(config, state, images, seed=3, until_nimg=80)
    torch.testing.assert_close(last.d_terms.loss, d_loss.detach(), rtol=1e-4, atol=0)
    torch.testing.assert_close(last.g_loss, g_loss.detach(), rtol=1e-4, atol=0)
    for ours, theirs in ((state.generator, g), (state.discriminator, d)):
        torch.testing.assert_close(copy_of(ours), copy_of(theirs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("config", [SMALL, replace(SMALL, penalty="none", d_steps=2), SMALL_MLP])
def test_with_every_option_off_training_is_the_plain_one_bit_for_bit(
    images: Dataset, config: GanConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain: R1 or nothing, two Adams, and not one operation more (written out here)."""
    for absent in ("replayed", "mix"):
        monkeypatch.delattr(Draws, absent)
    state, plain = (new_state(config, images.sample, seed=0) for _ in range(2))
    draws = Draws(config, images, seed=0, device=torch.device("cpu"))
    g, d, nimg = plain.generator, plain.discriminator, 0

    for _ in train(config, state, images, seed=0, until_nimg=24):
        pass
    for step in range(24 // (config.batch_size * config.d_steps)):
        for _ in range(config.d_steps):
            real = draws.real(nimg).requires_grad_()
            with torch.no_grad(), plain.frozen_generator:
                fake = g(draws.latents("discriminator", nimg))
            real_logits = d(real)
            loss = softplus(-real_logits).mean() + softplus(d(fake)).mean()
            if config.penalty == "r1":
                (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
                loss = loss + config.r1_gamma * (0.5 * slope.flatten(1).square().sum(1).mean())
            plain.d_optimizer.zero_grad()
            loss.backward()
            plain.d_optimizer.step()
            nimg += config.batch_size
        with plain.frozen_discriminator:
            g_loss = softplus(-d(g(draws.latents("generator", step)))).mean()
        plain.g_optimizer.zero_grad()
        g_loss.backward()
        plain.g_optimizer.step()

    for network in ("generator", "discriminator"):
        assert not differences(copy_of(getattr(state, network)), copy_of(getattr(plain, network)))
    assert state.replay is None
