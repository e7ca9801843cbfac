"""Training conditioned on classes: the published losses, and every promise of the loop."""

import copy
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gan_models.config import CONDITIONING_NAMES, GanConfig
from gan_models.data.dataset import Dataset
from gan_models.networks.base import generate
from gan_models.samples import Classes
from gan_models.training.batch import DiscriminatorBatch, GeneratorBatch
from gan_models.training.checkpoint import restore_latest, save_checkpoint
from gan_models.training.draws import Draws, draw_labels
from gan_models.training.duality_gap import duality_gap
from gan_models.training.loop import train
from gan_models.training.state import TrainState, new_state
from gan_models.training.step import discriminator_step, generator_step
from tests.gan_models.training.small_runs import (
    IMAGE,
    SMALL,
    copy_of,
    differences,
    everything,
    make_images,
)

CLASSES = Classes(("a", "b", "c"), (0.5, 0.0, 0.5))
KINDS = [name for name in CONDITIONING_NAMES if name != "none"]
CPU = torch.device("cpu")
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def labelled() -> Dataset:
    """22 images whose first pixel i says their class: 0 below 11, else 2."""
    images = make_images(22)
    labels = torch.where(torch.arange(22) < 11, 0, 2)
    sample = replace(IMAGE, classes=CLASSES)
    return replace(images, sample=sample, labels=labels, num_classes=3)


def of_kind(kind: str, **more: object) -> GanConfig:
    return replace(SMALL, conditioning=kind, **more)  # type: ignore[arg-type]


def doubled(config: GanConfig, labelled: Dataset) -> TrainState:
    state = new_state(config, labelled.sample, seed=0)
    for network in (state.generator, state.discriminator):
        network.double()
    return state


def known(labels: Tensor | None) -> Tensor:
    assert labels is not None
    return labels


def a_batch() -> tuple[Tensor, Tensor, Tensor]:
    rng = torch.Generator().manual_seed(1)
    real = torch.rand(4, *IMAGE.shape, generator=rng).double() * 2 - 1
    z = torch.randn(4, 4, generator=rng).double()
    return real, z, torch.tensor([0, 2, 2, 0])


@pytest.mark.parametrize("kind", ["concat", "projection"])
def test_the_loss_is_the_conditional_one_of_the_tutorials(kind: str, labelled: Dataset) -> None:
    config = of_kind(kind, penalty="none", d_loss="minimax", g_loss="minimax")
    state, (real, z, labels) = doubled(config, labelled), a_batch()
    g, d = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)

    terms = discriminator_step(state, config, DiscriminatorBatch(real, z, labels=labels))
    new_d = copy.deepcopy(state.discriminator)
    g_loss = generator_step(state, config, GeneratorBatch(z, labels=labels))

    # min_G max_D E log D(x|y) + E log(1 − D(G(z|y)|y)), with probabilities written out
    with torch.no_grad():
        on_real = 1 / (1 + (-d(real, labels)).exp())
        on_fake = 1 / (1 + (-d(g(z, labels), labels)).exp())
        after = 1 / (1 + (-new_d(g(z, labels), labels)).exp())
    value = on_real.log().mean() + (1 - on_fake).log().mean()
    torch.testing.assert_close(terms.loss, -value)
    torch.testing.assert_close(g_loss, (1 - after).log().mean())


def test_an_auxiliary_classifier_is_paid_for_by_both(labelled: Dataset) -> None:
    config = of_kind("auxiliary", penalty="none", auxiliary_weight=0.7)
    state, (real, z, labels) = doubled(config, labelled), a_batch()
    g, d = copy.deepcopy(state.generator), copy.deepcopy(state.discriminator)

    def nll(verdict: Tensor) -> Tensor:
        likely = verdict[:, 1:].exp() / verdict[:, 1:].exp().sum(1, keepdim=True)
        return -likely[torch.arange(4), labels].log().mean()

    terms = discriminator_step(state, config, DiscriminatorBatch(real, z, labels=labels))
    new_d = copy.deepcopy(state.discriminator)
    g_loss = generator_step(state, config, GeneratorBatch(z, labels=labels))

    with torch.no_grad():
        fake = g(z, labels)
        on_real, on_fake, after = d(real, labels), d(fake, labels), new_d(fake, labels)
    adversarial = (1 + (-on_real[:, 0]).exp()).log().mean() + (1 + on_fake[:, 0].exp()).log().mean()
    torch.testing.assert_close(terms.loss, adversarial + 0.7 * (nll(on_real) + nll(on_fake)))
    expected = (1 + (-after[:, 0]).exp()).log().mean() + 0.7 * nll(after)
    torch.testing.assert_close(g_loss, expected)


def test_labels_of_a_batch_are_those_of_its_images_in_any_order(labelled: Dataset) -> None:
    draws = Draws(of_kind("concat"), labelled, seed=0, device=CPU)

    for nimg in (0, 20, 1020, 4, 3000):
        labels, batch = known(draws.real_labels(nimg)), draws.real(nimg)
        numbers = ((batch[:, 0, 0, 0] + 1) * 127.5).round()
        assert torch.equal(labels, torch.where(numbers < 11, 0, 2))


def test_labels_of_fakes_have_the_shares_of_the_reals_and_derive_from_progress(
    labelled: Dataset,
) -> None:
    many = replace(of_kind("concat"), batch_size=4000)
    draws, again = (Draws(many, labelled, seed=0, device=CPU) for _ in range(2))

    labels = known(draws.labels("generator", 7))

    assert torch.bincount(labels, minlength=3)[1] == 0
    assert float((labels == 0).double().mean()) == pytest.approx(0.5, abs=0.03)
    again.labels("generator", 3)
    assert torch.equal(labels, known(again.labels("generator", 7)))
    assert not torch.equal(labels, known(draws.labels("generator", 8)))
    drawn = draw_labels(4000, CLASSES, seed=1)
    assert torch.equal(drawn, draw_labels(4000, CLASSES, seed=1))
    assert float((drawn == 2).double().mean()) == pytest.approx(0.5, abs=0.03)


def test_without_conditioning_no_label_is_drawn_and_labelled_data_changes_no_weight(
    labelled: Dataset,
) -> None:
    plain = replace(labelled, sample=IMAGE, labels=None, num_classes=None)
    draws = Draws(SMALL, labelled, seed=0, device=CPU)
    assert draws.real_labels(0) is draws.labels("generator", 0) is None

    states = []
    for data in (labelled, plain):
        states.append(new_state(SMALL, data.sample, seed=0))
        list(train(SMALL, states[-1], data, seed=0, until_nimg=12))
    assert not differences(*map(everything, states))


@pytest.mark.parametrize(
    ("kind", "penalty"), list(product(KINDS, ["none", "r1", "gradient-penalty"]))
)
def test_each_network_rests_while_the_other_learns(
    labelled: Dataset, kind: str, penalty: str
) -> None:
    config = of_kind(kind, penalty=penalty, spectral_norm=True)
    state = new_state(config, labelled.sample, seed=0)
    draws = Draws(config, labelled, seed=0, device=CPU)
    g, d = copy_of(state.generator), copy_of(state.discriminator)
    mix = draws.mix(0) if penalty == "gradient-penalty" else None

    with state.frozen_generator:
        z, labels = draws.latents("discriminator", 0), draws.real_labels(0)
        discriminator_step(state, config, DiscriminatorBatch(draws.real(0), z, mix, labels=labels))
    assert not differences(g, copy_of(state.generator))
    assert differences(d, copy_of(state.discriminator))

    d = copy_of(state.discriminator)
    with state.frozen_discriminator:
        labels = draws.labels("generator", 0)
        loss = generator_step(
            state, config, GeneratorBatch(draws.latents("generator", 0), labels=labels)
        )
    assert loss.isfinite()
    assert not differences(d, copy_of(state.discriminator))
    assert differences(g, copy_of(state.generator))


@every_kind
def test_a_resumed_run_ends_as_one_that_was_not_stopped(
    tmp_path: Path, labelled: Dataset, kind: str
) -> None:
    config = of_kind(kind)
    whole, killed, resumed = (new_state(config, labelled.sample, seed=s) for s in (5, 5, 9))

    list(train(config, whole, labelled, seed=5, until_nimg=40))
    list(train(config, killed, labelled, seed=5, until_nimg=16))
    save_checkpoint(tmp_path, killed, config)
    assert restore_latest(tmp_path, resumed, config)
    list(train(config, resumed, labelled, seed=5, until_nimg=40))

    assert not differences(everything(whole), everything(resumed))


@every_kind
def test_the_moving_average_follows_the_conditional_g(labelled: Dataset, kind: str) -> None:
    config = of_kind(kind, ema_half_life_kimg=0.0)
    state = new_state(config, labelled.sample, seed=0)

    list(train(config, state, labelled, seed=0, until_nimg=8))

    assert not differences(copy_of(state.ema), copy_of(state.generator))
    z, labels = torch.zeros(4, 4), torch.tensor([0, 1, 2, 0])
    torch.testing.assert_close(
        generate(state.ema, z, labels), generate(copy.deepcopy(state.generator).eval(), z, labels)
    )


@every_kind
def test_the_duality_gap_is_of_the_conditional_game(labelled: Dataset, kind: str) -> None:
    config = of_kind(kind)
    state = new_state(config, labelled.sample, seed=0)
    before, heldout = everything(state), replace(labelled, fingerprint="heldout")

    gap = duality_gap(config, state, labelled, heldout, num_steps=3, seed=0)

    assert gap.gap == pytest.approx(gap.worst_d_value - gap.worst_g_value)
    assert not differences(before, everything(state))
