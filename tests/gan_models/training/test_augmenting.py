"""Augmentation and consistency in whole training: what they touch, and that they can be resumed."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from math import nan
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gan_models.augmentation.pipeline import Augmentation, augmentation
from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.errors import ParameterError
from gan_models.training import state as state_module
from gan_models.training.augmenting import augmented, twins
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.draws import Draws
from gan_models.training.duality_gap import duality_gap
from gan_models.training.loop import train
from gan_models.training.state import TrainState, adopt, new_state
from gan_models.training.step import discriminator_step, generator_step
from tests.gan_models.training.small_runs import (
    POINT,
    SMALL,
    after,
    copy_of,
    differences,
    everything,
    interrupted,
    make_images,
)

CPU = torch.device("cpu")
DIFF: dict[str, Any] = {"augment": "diff"}
ADA: dict[str, Any] = {"augment": "ada", "ada_kimg": 0.02, "ada_target": 0.0}  # 16 of 20 images
CONSISTENT: dict[str, Any] = {"consistency_weight": 10.0}
BALANCED: dict[str, Any] = {**CONSISTENT, "balanced_consistency": True}
TECHNIQUES: dict[str, dict[str, Any]] = {
    "diff": DIFF,
    "diff by one policy": {**DIFF, "augment_policy": "flip+translation"},
    "ada": ADA,
    "consistency": CONSISTENT,
    "balanced consistency": BALANCED,
    "diff of packs, unrolled and consistent": {
        **DIFF,
        **BALANCED,
        "pack": 2,
        "unroll_steps": 1,
    },
    "ada of relatives of the batch": {
        **ADA,
        "minibatch": "stddev",
        "minibatch_group": 2,
        "replay_frac": 0.5,
    },
    "diff of pairs": {**DIFF, "d_loss": "relativistic", "g_loss": "relativistic"},
    "ada, lazy r1 in bfloat16": {**ADA, "penalty_interval": 2, "precision": "bfloat16"},
    "diff of a critic": {
        **DIFF,
        "d_loss": "wasserstein",
        "g_loss": "wasserstein",
        "penalty": "gradient-penalty",
    },
}
every_technique = pytest.mark.parametrize("params", TECHNIQUES.values(), ids=TECHNIQUES)


def config_of(params: Mapping[str, Any]) -> GanConfig:
    return replace(SMALL, **params)


def p_of(state: TrainState) -> float:
    assert state.ada is not None
    return float(state.ada.p)


@every_technique
def test_it_changes_what_is_learnt_and_keeps_it_finite(
    images: Dataset, params: Mapping[str, Any]
) -> None:
    plain = after(SMALL, images, 6)
    other = after(config_of(params), images, 6)

    weights = copy_of(other.generator)
    assert differences(copy_of(plain.generator), weights)
    assert all(tensor.isfinite().all() for tensor in everything(other).values())


@every_technique
def test_a_run_that_was_interrupted_ends_as_one_that_was_not(
    tmp_path: Path, images: Dataset, params: Mapping[str, Any]
) -> None:
    config = config_of(params)

    resumed = interrupted(config, images, tmp_path, num_before=6, num_after=3)

    assert not differences(everything(resumed), everything(after(config, images, 9)))


@every_technique
def test_one_network_rests_while_the_other_learns(
    images: Dataset, params: Mapping[str, Any]
) -> None:
    config = replace(config_of(params), spectral_norm=True)
    state = new_state(config, images.sample, seed=0)
    draws = Draws(config, images, seed=0, device=CPU)
    g_before = copy_of(state.generator)

    with state.frozen_generator:
        discriminator_step(state, config, draws.for_discriminator(0))
    d_before = copy_of(state.discriminator)
    assert not differences(g_before, copy_of(state.generator))

    with state.frozen_discriminator:
        generator_step(state, config, draws.for_generator(0, nimg=4))
    assert not differences(d_before, copy_of(state.discriminator))
    assert differences(g_before, copy_of(state.generator))


def test_with_every_option_off_nothing_is_drawn_changed_or_kept(
    images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an option that is off was asked to work")

    monkeypatch.setattr(Augmentation, "__call__", refuse)
    monkeypatch.setattr(Draws, "_changes", refuse)

    assert after(SMALL, images, 2).ada is None


def test_d_and_g_see_augmented_images_and_g_learns_through_them(
    images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_of(DIFF)
    state, draws = (
        new_state(config, images.sample, seed=0),
        Draws(config, images, seed=0, device=CPU),
    )
    seen: list[Tensor] = []
    state.discriminator.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    change, d_batch = augmentation(config), draws.for_discriminator(0)
    with torch.no_grad(), state.frozen_generator:
        fake = state.generator(d_batch.z)
    assert d_batch.augment is not None

    with state.frozen_generator:
        discriminator_step(state, config, d_batch)

    assert torch.equal(seen[0], change(d_batch.real, d_batch.augment[4:]))
    assert torch.equal(seen[1], change(fake, d_batch.augment[:4]))

    g_batch = draws.for_generator(0, nimg=4)
    assert g_batch.augment is not None
    expected = change(state.generator(g_batch.z), g_batch.augment[:4])
    with state.frozen_discriminator:
        loss = torch.nn.functional.softplus(-state.discriminator(expected)).mean()
        gradient = torch.autograd.grad(loss, list(state.generator.parameters()))
        assert torch.equal(generator_step(state, config, g_batch), loss.detach())
    for weight, theirs in zip(state.generator.parameters(), gradient, strict=True):
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad, theirs)


def test_r1_is_the_slope_of_d_at_augmented_reals(images: Dataset) -> None:
    config = replace(config_of(DIFF), r1_gamma=3.0)
    state, draws = (
        new_state(config, images.sample, seed=0),
        Draws(config, images, seed=0, device=CPU),
    )
    batch = draws.for_discriminator(0)
    assert batch.augment is not None
    seen = augmentation(config)(batch.real, batch.augment[4:]).requires_grad_()
    (slope,) = torch.autograd.grad(state.discriminator(seen).sum(), seen)

    with state.frozen_generator:
        terms = discriminator_step(state, config, batch)

    assert terms.penalty is not None
    expected = 1.5 * slope.flatten(1).square().sum(1).mean()
    torch.testing.assert_close(terms.penalty, expected)


def test_twins_are_changed_versions_of_what_d_sees(images: Dataset) -> None:
    config = config_of({**DIFF, **BALANCED})
    state, batch = (
        new_state(config, images.sample, seed=0),
        Draws(config, images, seed=0, device=CPU).for_discriminator(0),
    )
    fake, real = augmented(state, config, batch.augment, fake=-batch.real, real=batch.real)
    change = augmentation(config)
    assert batch.augment is not None
    assert batch.twins is not None
    assert not torch.equal(batch.augment, batch.twins)

    both = twins(config, batch.twins, fake=fake, real=real)
    of_reals = twins(replace(config, balanced_consistency=False), batch.twins, fake=fake, real=real)

    assert both.real is not None
    assert torch.equal(both.real, change(real, batch.twins[4:]))
    assert both.fake is not None
    assert torch.equal(both.fake, change(fake, batch.twins[:4]))
    assert of_reals.fake is None
    assert twins(config, None, fake=fake, real=real) == (None, None)


@pytest.mark.parametrize(("logit", "expected"), [(1.0, 0.8), (-1.0, 0.0)])
def test_p_follows_what_d_says_of_its_reals(images: Dataset, logit: float, expected: float) -> None:
    config = replace(config_of(ADA), d_lr=1e-12)
    state = new_state(config, images.sample, seed=0)
    *weights, bias = state.discriminator.parameters()
    for weight in weights:
        weight.data.zero_()
    bias.data.fill_(logit)

    for _ in islice(train(config, state, images, seed=0, until_nimg=10_000), 4):
        pass

    assert p_of(state) == pytest.approx(expected)  # 16 images of 20, or none


def test_with_p_at_0_ada_trains_as_without_it(images: Dataset) -> None:
    plain, waiting = after(SMALL, images, 3), after(config_of(ADA), images, 3)

    for name in ("generator", "discriminator"):
        ours, theirs = copy_of(getattr(waiting, name)), copy_of(getattr(plain, name))
        for key, tensor in ours.items():
            torch.testing.assert_close(tensor, theirs[key])


def test_another_configuration_goes_on_with_p_where_it_has_one(images: Dataset) -> None:
    config = config_of(ADA)
    state = new_state(config, images.sample, seed=0)
    assert state.ada is not None
    state.ada.memory[0] = 0.4

    adopt(state, replace(config, d_lr=1e-3))
    assert p_of(state) == pytest.approx(0.4)
    for next_config in (SMALL, config):
        adopt(state, next_config)
    assert p_of(state) == 0.0


def test_a_state_of_one_who_had_no_p_is_taken_over_with_p_at_0(
    tmp_path: Path, images: Dataset
) -> None:
    save_checkpoint(tmp_path, after(SMALL, images, 1), SMALL)
    heir = new_state(config_of(ADA), images.sample, seed=1)

    assert restore_latest(tmp_path, heir, SMALL)

    assert p_of(heir) == 0.0


def test_the_duality_gap_asks_players_without_augmentation(images: Dataset) -> None:
    config = config_of(ADA)
    state, others = after(config, images, 5), make_images(12)
    before = everything(state)

    gap = duality_gap(config, state, images, others, num_steps=2, seed=0)

    assert not differences(before, everything(state))
    state.ada = None
    assert duality_gap(config, state, images, others, num_steps=2, seed=0) == gap


def test_a_users_loss_without_a_threshold_is_refused_before_training(
    images: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_module, "undecided_logit", lambda _: nan)

    with pytest.raises(ParameterError, match="names no threshold; take augment = 'diff'"):
        new_state(config_of(ADA), images.sample, seed=0)


def test_points_are_refused_with_what_to_do() -> None:
    config = GanConfig(network="mlp", augment="diff")

    with pytest.raises(ParameterError, match="only images can be augmented; take augment = none"):
        new_state(config, POINT, seed=0)
