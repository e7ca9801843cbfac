import copy
from dataclasses import astuple, replace
from math import log, nan

import numpy as np
import pytest
import torch
from torch import nn

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset, Splits
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.errors import MetricError, ParameterError
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.duality_gap import DualityGap, duality_gap
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state
from tests.gan_models.training.small_runs import (
    SMALL,
    differences,
    everything,
    make_images,
)

RING = GanConfig(network="mlp", width=64, depth=2, latent_dim=8, d_lr=1e-3, g_lr=1e-3)
LINE = GanConfig(network="mlp", width=32, depth=2, latent_dim=1)
NUMBER = SampleSpec(SampleKind.POINT, (1,))
GRID = np.linspace(-12.0, 12.0, 4801)


@pytest.fixture(scope="module")
def ring() -> Splits:
    return load_splits(DataSource(name="ring8"))


@pytest.fixture(scope="module")
def untrained(ring: Splits) -> TrainState:
    return new_state(RING, ring.sample, seed=0)


@pytest.fixture(scope="module")
def trained(ring: Splits) -> TrainState:
    state = new_state(RING, ring.sample, seed=0)
    for _ in train(RING, state, ring.train, seed=0, until_nimg=600 * RING.batch_size):
        pass
    return state


def gap_of(state: TrainState, ring: Splits, config: GanConfig = RING, seed: int = 0) -> DualityGap:
    return duality_gap(config, state, ring.train, ring.select, seed=seed)


def gaussians(count: int, *, seed: int) -> Dataset:
    stored = torch.randn(count, 1, generator=torch.Generator().manual_seed(seed))
    return Dataset("normal", NUMBER, stored, f"normal-{count}-{seed}")


def undecided(discriminator: nn.Module, logit: float = 0.0) -> nn.Module:
    """Make D answer ``logit`` to everything, in such a way that it can still learn."""
    *_, weight, bias = discriminator.parameters()
    nn.init.zeros_(weight)
    nn.init.constant_(bias, logit)
    return discriminator


def normal_around(location: float) -> nn.Linear:
    """Return a G whose samples are N(location, 1)."""
    layer = nn.Linear(1, 1)
    nn.init.ones_(layer.weight)
    nn.init.constant_(layer.bias, location)
    return layer


def normal_state(location: float = 0.0, *, logit: float = 0.0) -> TrainState:
    """Return a state whose G makes N(location, 1) and whose D cannot tell."""
    state = new_state(LINE, NUMBER, seed=0)
    discriminator = undecided(state.discriminator, logit)
    return replace(state, generator=normal_around(location), discriminator=discriminator)


def density(location: float) -> np.ndarray:
    values: np.ndarray = np.exp(-0.5 * (GRID - location) ** 2) / np.sqrt(2 * np.pi)
    return values


def mean_under(location: float, values: np.ndarray) -> float:
    return float((density(location) * values).sum() * (GRID[1] - GRID[0]))


def jensen_shannon(location: float) -> float:
    """Integrate the divergence of N(location, 1) from N(0, 1), in nats."""
    middle = (density(0.0) + density(location)) / 2
    return sum(0.5 * mean_under(each, np.log(density(each) / middle)) for each in (0.0, location))


def flags_of(state: TrainState) -> list[object]:
    """Return all that freezing and modes turn on and off."""
    networks = (state.generator, state.discriminator, state.ema)
    layers = [layer for network in networks for layer in network.modules()]
    asked = [weight.requires_grad for network in networks for weight in network.parameters()]
    recording = [vars(layer).get("track_running_stats") for layer in layers]
    return [*asked, *recording, *(layer.training for layer in layers)]


def test_the_state_and_the_global_generator_stay_bit_for_bit_as_they_were() -> None:
    config = replace(SMALL, spectral_norm=True)  # and batch norm: both record as they compute
    data, rng = make_images(40), torch.get_rng_state()
    state = new_state(config, data.sample, seed=0)
    for _ in train(config, state, data, seed=0, until_nimg=12):
        pass
    before, flags = everything(state), flags_of(state)
    ones = [torch.ones_like(weight) for weight in state.generator.parameters()]
    for weight, one in zip(state.generator.parameters(), ones, strict=True):
        weight.grad = one.clone()

    duality_gap(config, state, data, make_images(30), num_steps=3, seed=0)

    assert not differences(before, everything(state))
    assert flags_of(state) == flags
    torch.testing.assert_close([weight.grad for weight in state.generator.parameters()], ones)
    assert torch.equal(torch.get_rng_state(), rng)


@pytest.mark.parametrize(
    "options",
    [
        {"pack": 3, "batch_size": 6},
        {"pack": 2, "minibatch": "stddev", "batch_size": 8},
        {"minibatch": "discrimination", "minibatch_group": 12, "batch_size": 12},
        {"unroll_steps": 2, "replay_frac": 0.5},
    ],
)
def test_it_can_be_measured_whatever_d_sees_and_however_they_train(
    options: dict[str, object],
) -> None:
    config = GanConfig.from_params(SMALL.to_params() | options)
    data = make_images(40)
    state = new_state(config, data.sample, seed=0)
    for _ in train(config, state, data, seed=0, until_nimg=2 * config.batch_size):
        pass
    before = everything(state)

    found = duality_gap(config, state, data, make_images(31), num_steps=3, seed=0)

    assert np.isfinite(astuple(found)).all()
    assert not differences(before, everything(state))


def test_equal_arguments_give_equal_bits_and_another_seed_moves_it_a_little(
    trained: TrainState, ring: Splits
) -> None:
    once, again, other = (gap_of(trained, ring, seed=seed) for seed in (0, 0, 1))

    assert once == again
    assert other != once
    assert astuple(other) == pytest.approx(astuple(once), abs=0.05)


def test_training_narrows_the_gap(untrained: TrainState, trained: TrainState, ring: Splits) -> None:
    early, late = gap_of(untrained, ring), gap_of(trained, ring)

    assert early.gap > 1.0
    assert late.gap < 0.3
    assert early.worst_d_value > 0.6 > 0.2 > late.worst_d_value > 0.0
    assert early.gap == early.worst_d_value - early.worst_g_value
    assert early.worst_g_value > -5.0  # the saturating loss runs away to −11 here


def test_a_collapsed_generator_has_a_large_gap(trained: TrainState, ring: Splits) -> None:
    collapsed = copy.deepcopy(trained.generator)
    *_, weight, bias = collapsed.parameters()
    nn.init.zeros_(weight)
    bias.data = torch.tensor([1.0, 0.0])  # the centre of a mode

    gap = gap_of(replace(trained, generator=collapsed), ring)

    assert gap.worst_d_value > 0.4
    assert gap.gap > 3 * gap_of(trained, ring).gap


def test_where_nothing_can_be_gained_the_gap_is_nil() -> None:
    gap = duality_gap(
        LINE, normal_state(), gaussians(5000, seed=0), gaussians(5000, seed=1), seed=0
    )

    assert gap.worst_g_value == pytest.approx(0.0, abs=1e-6)  # D says 0 wherever G goes
    assert abs(gap.worst_d_value) < 0.005
    assert abs(gap.gap) < 0.005


@pytest.mark.parametrize("location", [1.0, 2.0, 4.0])
def test_the_worst_d_finds_the_jensen_shannon_divergence(location: float) -> None:
    state = normal_state(location)

    gap = duality_gap(LINE, state, gaussians(20_000, seed=0), gaussians(20_000, seed=1), seed=0)

    truth = jensen_shannon(location)
    assert 0.93 * truth < gap.worst_d_value < truth + 0.005
    assert gap.worst_d_value < log(2)


def test_the_worst_g_goes_where_d_says_real() -> None:
    # D's logit is x, and G can only move: to the right, by Adam's rate of 1e-3 a step
    generator, discriminator = normal_around(0.0), nn.Sequential(normal_around(0.0), nn.Flatten(0))
    generator.weight.requires_grad_(False)
    state = replace(normal_state(), generator=generator, discriminator=discriminator)

    gap = duality_gap(
        LINE, state, gaussians(100, seed=0), gaussians(50_000, seed=1), num_steps=200, seed=0
    )

    log_real, log_fake = -np.logaddexp(0, -GRID), -np.logaddexp(0, GRID)
    moved = log(2) + 0.5 * mean_under(0.0, log_real) + 0.5 * mean_under(0.2, log_fake)
    stayed = log(2) + 0.5 * mean_under(0.0, log_real + log_fake)
    assert gap.worst_g_value == pytest.approx(moved, abs=0.01)
    assert gap.worst_g_value < stayed - 0.03


def test_more_steps_bring_the_worst_cases_nearer(untrained: TrainState, ring: Splits) -> None:
    few, many = (
        duality_gap(RING, untrained, ring.train, ring.select, num_steps=num_steps, seed=0)
        for num_steps in (20, 200)
    )

    assert many.worst_d_value > few.worst_d_value
    assert many.worst_g_value < few.worst_g_value


def test_what_d_knows_by_heart_gains_it_nothing() -> None:
    few, fresh = gaussians(8, seed=0), gaussians(3000, seed=1)
    same = replace(few, fingerprint="the same samples under another name")

    by_heart, on_fresh = (
        duality_gap(LINE, normal_state(), few, part, num_steps=400, seed=0).worst_d_value
        for part in (same, fresh)
    )

    assert by_heart > 0.05
    assert on_fresh < 0.005


def test_how_the_run_optimises_plays_no_part(trained: TrainState, ring: Splits) -> None:
    other = replace(
        RING,
        g_loss="hinge",
        penalty="none",
        batch_size=8,
        d_lr=1.0,
        g_lr=1.0,
        beta1=0.0,
        beta2=0.0,
        weight_clip=0.01,
        d_orthogonal=1.0,
        g_orthogonal=1.0,
        lr_warmup_kimg=9.0,
        grad_clip_norm=0.1,
        precision="bfloat16",
    )

    assert gap_of(trained, ring, other) == gap_of(trained, ring)


@pytest.mark.parametrize(
    ("d_loss", "logit"),
    [("hinge", 0.0), ("least-squares", 0.5), ("wasserstein", 7.0), ("relativistic", 7.0)],
)
def test_a_d_that_is_undecided_by_its_own_loss_has_value_0(d_loss: str, logit: float) -> None:
    config = replace(LINE, d_loss=d_loss, g_loss=d_loss)
    parts = gaussians(500, seed=0), gaussians(500, seed=1)

    gap = duality_gap(config, normal_state(logit=logit), *parts, num_steps=5, seed=0)
    shifted = duality_gap(config, normal_state(logit=logit + 3.0), *parts, num_steps=5, seed=0)

    assert gap.worst_g_value == pytest.approx(0.0, abs=1e-6)
    if d_loss in ("wasserstein", "relativistic"):  # whose values have no zero
        assert astuple(shifted) == pytest.approx(astuple(gap), abs=1e-5)
    else:
        assert shifted.worst_g_value < -0.5


@pytest.mark.parametrize("broken", ["generator", "discriminator"])
@pytest.mark.parametrize("d_loss", ["hinge", "wasserstein"])
@pytest.mark.parametrize("value", [nan, 1e38])
def test_numbers_that_are_not_finite_give_nan_and_no_error(
    ring: Splits, broken: str, d_loss: str, value: float
) -> None:
    config = replace(RING, d_loss=d_loss, g_loss=d_loss)
    state = new_state(config, ring.sample, seed=0)
    with torch.no_grad():
        for weight in getattr(state, broken).parameters():
            weight.fill_(value)

    gap = duality_gap(config, state, ring.train, ring.select, num_steps=3, seed=0)

    assert np.isnan(astuple(gap)).all()


@pytest.mark.parametrize(
    ("of_adversary", "of_heldout", "message"),
    [
        ({"stored": torch.empty(0, 1)}, {}, "the adversary part of 'normal' has no samples"),
        ({}, {"stored": torch.empty(0, 1)}, "the held-out part of 'normal' has no samples"),
        ({}, {"sample": SampleSpec(SampleKind.POINT, (2,))}, r"shape \(1,\), but .* \(2,\)"),
        ({"fingerprint": "one"}, {"fingerprint": "one"}, "are the same samples; take two disjoint"),
    ],
)
def test_parts_that_cannot_serve_are_refused(
    of_adversary: dict[str, object], of_heldout: dict[str, object], message: str
) -> None:
    adversary = replace(gaussians(20, seed=0), **of_adversary)  # type: ignore[arg-type]
    heldout = replace(gaussians(20, seed=1), **of_heldout)  # type: ignore[arg-type]

    with pytest.raises(MetricError, match=message):
        duality_gap(LINE, normal_state(), adversary, heldout, seed=0)


def test_no_steps_are_refused() -> None:
    with pytest.raises(ParameterError, match="num_steps = 0: must be at least 1"):
        duality_gap(
            LINE, normal_state(), gaussians(20, seed=0), gaussians(20, seed=1), num_steps=0, seed=0
        )
