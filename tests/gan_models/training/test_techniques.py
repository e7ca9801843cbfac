"""Each technique of the game in whole training: what it may touch, and that it can be resumed."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus
from torch.optim import Adam

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.errors import CheckpointError
from gan_models.training import descent, precision, step
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.draws import Draws
from gan_models.training.loop import train
from gan_models.training.state import adopt, new_state
from tests.gan_models.training.small_runs import (
    SMALL,
    after,
    copy_of,
    differences,
    everything,
    interrupted,
)

FULL, HALF = torch.float32, torch.bfloat16
TECHNIQUES: dict[str, Mapping[str, Any]] = {
    "relativistic": {"d_loss": "relativistic", "g_loss": "relativistic"},
    "one-sided smoothing": {"real_label_smoothing": 0.1},
    "two-sided smoothing": {
        "d_loss": "least-squares",
        "g_loss": "least-squares",
        "real_label_smoothing": 0.1,
        "fake_label_smoothing": 0.1,
    },
    "weight clipping": {
        "d_loss": "wasserstein",
        "g_loss": "wasserstein",
        "penalty": "none",
        "weight_clip": 0.01,
    },
    "r2": {"penalty": "r2"},
    "r1+r2": {"penalty": "r1+r2"},
    "lazy r1": {"penalty_interval": 3},
    "gradient penalty": {"penalty": "gradient-penalty"},
    "lazy dragan": {"penalty": "dragan", "penalty_interval": 2},
    "orthogonal D": {"d_orthogonal": 1e-2},
    "orthogonal G": {"g_orthogonal": 1e-2},
    "ramp of the average": {"ema_ramp": 0.05},
    "cosine decay": {"lr_schedule": "cosine", "lr_decay_kimg": 0.02},
    "linear decay": {"lr_schedule": "linear", "lr_decay_kimg": 0.02, "lr_warmup_kimg": 0.01},
    "warm-up": {"lr_warmup_kimg": 0.02},
    "gradient clipping": {"grad_clip_norm": 0.1},
    "bfloat16": {"precision": "bfloat16"},
}
ALL_AT_ONCE = {
    "d_loss": "relativistic",
    "g_loss": "relativistic",
    "penalty": "r1+r2",
    "penalty_interval": 2,
    "d_orthogonal": 1e-3,
    "g_orthogonal": 1e-3,
    "weight_clip": 0.5,
    "ema_ramp": 0.05,
    "lr_schedule": "cosine",
    "lr_decay_kimg": 0.04,
    "lr_warmup_kimg": 0.01,
    "grad_clip_norm": 1.0,
    "precision": "bfloat16",
    "spectral_norm": True,
    "d_steps": 2,
}
every_technique = pytest.mark.parametrize(
    "params", [*TECHNIQUES.values(), ALL_AT_ONCE], ids=[*TECHNIQUES, "all at once"]
)


class Earlier:
    """A configuration that does not have all of today's parameters."""

    def __init__(self, params: dict[str, Any]) -> None:
        self._params = params

    def to_params(self) -> dict[str, Any]:
        return self._params


def config_of(params: Mapping[str, Any]) -> GanConfig:
    return replace(SMALL, **params)


@every_technique
def test_it_changes_what_is_learnt_and_keeps_it_finite(
    images: Dataset, params: Mapping[str, Any]
) -> None:
    plain, other = after(SMALL, images, 3), after(config_of(params), images, 3)

    assert differences(everything(plain), everything(other))
    assert all(tensor.isfinite().all() for tensor in everything(other).values())


@every_technique
def test_a_run_that_was_interrupted_ends_as_one_that_was_not(
    tmp_path: Path, images: Dataset, params: Mapping[str, Any]
) -> None:
    config = config_of(params)

    resumed = interrupted(config, images, tmp_path, num_before=3, num_after=4)

    assert not differences(everything(resumed), everything(after(config, images, 7)))


@every_technique
def test_one_network_rests_while_the_other_learns(
    images: Dataset, params: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(params)
    state = new_state(config, images.sample, seed=0)
    resting = {id(state.d_optimizer): state.generator, id(state.g_optimizer): state.discriminator}
    at_start: dict[int, dict[str, Tensor]] = {}
    descend = descent.descend

    def watched(optimizer: Adam, *given: Any, **named: Any) -> None:
        network = resting[id(optimizer)]
        assert not any(weight.requires_grad for weight in network.parameters())
        at_start.setdefault(id(optimizer), copy_of(network))
        descend(optimizer, *given, **named)
        assert not differences(at_start[id(optimizer)], copy_of(network))

    monkeypatch.setattr(step, "descend", watched)
    next(train(config, state, images, seed=0, until_nimg=1))

    assert len(at_start) == 2
    assert not differences(at_start[id(state.g_optimizer)], copy_of(state.discriminator))


def test_every_parameter_that_is_off_does_nothing_at_all(
    images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an option that is off was asked to work")

    for owner, name in (
        (descent, "clip_grad_norm_"),
        (descent, "rate_factor"),
        (step, "clip_weights"),
        (step, "orthogonal"),
        (precision, "_in_bfloat16"),
        (Draws, "noise"),
        (Draws, "mix"),
        (Draws, "rivals"),
    ):
        monkeypatch.setattr(owner, name, refuse)

    after(SMALL, images, 2)


def test_with_every_option_off_training_is_bit_for_bit_the_plain_alternation(
    images: Dataset,
) -> None:
    state = after(SMALL, images, 5)
    plain = new_state(SMALL, images.sample, seed=0)
    g, d, draws = (
        plain.generator,
        plain.discriminator,
        Draws(SMALL, images, seed=0, device=torch.device("cpu")),
    )
    for update in range(5):
        nimg = 4 * update
        with torch.no_grad(), plain.frozen_generator:
            fake = g(draws.latents("discriminator", nimg))
        real = draws.real(nimg).requires_grad_()
        real_logits = d(real)
        (slope,) = torch.autograd.grad(real_logits.sum(), real, create_graph=True)
        penalty = 1.0 * (0.5 * slope.flatten(1).square().sum(1).mean())
        d_loss = softplus(-real_logits).mean() + softplus(d(fake)).mean()
        plain.d_optimizer.zero_grad()
        (d_loss + penalty).backward()
        plain.d_optimizer.step()

        g_loss = softplus(-d(g(draws.latents("generator", update)))).mean()
        plain.g_optimizer.zero_grad()
        g_loss.backward()
        plain.g_optimizer.step()
        plain.moving_average.update(0)

    for name in ("generator", "discriminator", "ema"):
        ours, theirs = copy_of(getattr(state, name)), copy_of(getattr(plain, name))
        assert not differences(ours, theirs)


def test_a_checkpoint_of_before_these_parameters_goes_on_with_the_defaults(
    tmp_path: Path, images: Dataset
) -> None:
    config, options = SMALL.to_params(), {name for each in TECHNIQUES.values() for name in each}
    earlier = {name: value for name, value in config.items() if name not in options}
    old = after(SMALL, images, 2)
    save_checkpoint(tmp_path, old, Earlier(earlier))  # type: ignore[arg-type]
    state = new_state(SMALL, images.sample, seed=9)

    assert restore_latest(tmp_path, state, SMALL)

    assert not differences(everything(state), everything(old))
    other = replace(SMALL, grad_clip_norm=1.0)
    with pytest.raises(CheckpointError, match="grad_clip_norm = 0.0 there, 1.0 here"):
        restore_latest(tmp_path, state, other)


@pytest.mark.parametrize("ramp", [0.05, 0.5])
def test_the_half_life_of_the_average_ramps_up_with_the_images_seen(
    images: Dataset, ramp: float
) -> None:
    config = replace(SMALL, ema_half_life_kimg=0.02, ema_ramp=ramp)
    state = new_state(config, images.sample, seed=0)
    expected = copy_of(state.ema)

    for progress in islice(train(config, state, images, seed=0, until_nimg=10_000), 12):
        share = 0.5 ** (4 / min(20.0, ramp * progress.nimg))
        for name, weight in state.generator.named_parameters():
            expected[name] = share * expected[name] + (1 - share) * weight.detach()

    for name, weight in state.ema.named_parameters():
        torch.testing.assert_close(weight, expected[name], rtol=1e-4, atol=1e-6)


def test_g_answers_the_reals_that_were_drawn_for_it(images: Dataset) -> None:
    config = config_of(TECHNIQUES["relativistic"])
    state = new_state(config, images.sample, seed=0)
    draws = Draws(config, images, seed=0, device=torch.device("cpu"))

    (progress,) = islice(train(config, state, images, seed=0, until_nimg=1), 1)

    once = new_state(config, images.sample, seed=0)
    with once.frozen_generator:
        step.discriminator_step(once, config, draws.for_discriminator(0))
    with torch.no_grad():
        fake = once.discriminator(once.generator(draws.latents("generator", 0)))
        real = once.discriminator(draws.rivals(0)[1])
    torch.testing.assert_close(progress.g_loss, softplus(real - fake).mean())


def test_after_a_warm_up_the_rates_of_another_regime_are_taken_over(images: Dataset) -> None:
    config = replace(SMALL, lr_warmup_kimg=0.008, d_lr=1e-3, g_lr=2e-3)
    state = after(config, images, 4)
    halved = replace(config, d_lr=5e-4, g_lr=1e-3)

    adopt(state, halved)
    next(train(halved, state, images, seed=0, until_nimg=10_000))

    for optimizer, rate in ((state.d_optimizer, 5e-4), (state.g_optimizer, 1e-3)):
        assert [group["lr"] for group in optimizer.param_groups] == [rate]


def test_d_keeps_within_the_clip_after_every_update(images: Dataset) -> None:
    config = config_of(TECHNIQUES["weight clipping"])

    state = after(config, images, 3)

    largest = max(float(weight.detach().abs().max()) for weight in state.discriminator.parameters())
    assert largest == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [("none", [HALF, HALF]), ("r1", [FULL, HALF]), ("r2", [HALF, FULL]), ("r1+r2", [FULL, FULL])],
)
def test_a_penalty_is_taken_in_full_precision(
    images: Dataset, penalty: str, expected: list[torch.dtype]
) -> None:
    config = replace(SMALL, penalty=penalty, precision="bfloat16")
    state = new_state(config, images.sample, seed=0)
    computed: list[torch.dtype] = []
    trunk = state.discriminator.get_submodule("trunk.0")
    trunk.register_forward_hook(lambda _, __, output: computed.append(output.dtype))

    next(train(config, state, images, seed=0, until_nimg=1))

    assert computed == [*expected, HALF]  # real, fake; then G's fakes
