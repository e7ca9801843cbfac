from dataclasses import replace

import pytest
import torch

from gan_models.data.dataset import Dataset
from gan_models.errors import ParameterError
from gan_models.training.loop import train
from gan_models.training.state import adopt, new_state
from tests.gan_models.training.small_runs import (
    IMAGE,
    POINT,
    SMALL,
    copy_of,
    differences,
    everything,
)


def test_equal_arguments_give_equal_states_and_another_seed_another_one() -> None:
    once = everything(new_state(SMALL, IMAGE, seed=0))

    assert not differences(once, everything(new_state(SMALL, IMAGE, seed=0)))
    assert differences(once, everything(new_state(SMALL, IMAGE, seed=1)))


def test_nothing_was_seen_yet() -> None:
    state = new_state(SMALL, IMAGE, seed=0)

    assert (state.nimg, state.step, state.device) == (0, 0, torch.device("cpu"))


def test_the_moving_average_starts_as_g_and_is_not_trained() -> None:
    state = new_state(SMALL, IMAGE, seed=0)

    assert not differences(copy_of(state.ema), copy_of(state.generator))
    assert not any(weight.requires_grad for weight in state.ema.parameters())
    assert not any(layer.training for layer in state.ema.modules())
    assert all(layer.training for layer in state.generator.modules())


def test_each_network_has_its_own_adam() -> None:
    config = replace(SMALL, d_lr=1e-3, g_lr=2e-3, beta1=0.0, beta2=0.9)
    state = new_state(config, IMAGE, seed=0)

    for optimizer, network, lr in (
        (state.d_optimizer, state.discriminator, 1e-3),
        (state.g_optimizer, state.generator, 2e-3),
    ):
        (group,) = optimizer.param_groups
        assert (group["lr"], group["betas"]) == (lr, (0.0, 0.9))
        assert list(map(id, group["params"])) == list(map(id, network.parameters()))


def test_samples_that_the_network_cannot_make_are_refused() -> None:
    with pytest.raises(ParameterError, match="needs images"):
        new_state(SMALL, POINT, seed=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_starts_from_the_weights_of_the_cpu() -> None:
    on_gpu = new_state(SMALL, IMAGE, seed=0, device="cuda")

    assert on_gpu.device.type == "cuda"
    on_cpu = everything(new_state(SMALL, IMAGE, seed=0))
    assert not differences(on_cpu, {k: v.cpu() for k, v in everything(on_gpu).items()})


def test_a_state_that_adopts_a_configuration_goes_on_as_if_built_by_it(images: Dataset) -> None:
    other = replace(SMALL, d_lr=3e-3, g_lr=4e-3, d_steps=2, g_steps=3, ema_half_life_kimg=0.1)
    built, adopted = new_state(other, IMAGE, seed=0), new_state(SMALL, IMAGE, seed=0)

    adopt(adopted, other)

    for state in (built, adopted):
        list(train(other, state, images, seed=0, until_nimg=12))
    assert not differences(everything(adopted), everything(built))


def test_adopting_changes_neither_weights_nor_moments(images: Dataset) -> None:
    state = new_state(SMALL, IMAGE, seed=0)
    list(train(SMALL, state, images, seed=0, until_nimg=8))
    before = everything(state)

    adopt(state, replace(SMALL, d_lr=1.0, g_steps=4))

    assert not differences(everything(state), before)
