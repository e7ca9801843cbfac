import copy
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.training.ema import MovingAverage
from tests.gan_models.training.small_runs import SMALL


@pytest.fixture
def source() -> nn.Sequential:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


@pytest.fixture
def average(source: nn.Sequential) -> nn.Sequential:
    return copy.deepcopy(source).requires_grad_(False)


def set_all(network: nn.Module, value: float) -> None:
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(value)


def weights(network: nn.Module) -> Tensor:
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


@pytest.mark.parametrize(
    ("config", "num_updates"),
    [
        (replace(SMALL, batch_size=50, ema_half_life_kimg=1.0), 20),
        (replace(SMALL, batch_size=100, ema_half_life_kimg=1.0), 10),
        (replace(SMALL, batch_size=50, ema_half_life_kimg=0.5), 10),
        (replace(SMALL, batch_size=50, d_steps=5, ema_half_life_kimg=1.0), 4),
        (replace(SMALL, batch_size=50, g_steps=2, ema_half_life_kimg=1.0), 40),
        (replace(SMALL, batch_size=50, d_steps=2, round_unit="epochs"), 10),
    ],
)
def test_after_a_half_life_of_images_half_of_the_old_weights_is_left(
    source: nn.Sequential, average: nn.Sequential, config: GanConfig, num_updates: int
) -> None:
    set_all(average, 3.0)
    set_all(source, 1.0)
    moving = MovingAverage(average, source, config)

    for _ in range(num_updates):
        moving.update(0)

    torch.testing.assert_close(weights(average), torch.full((15,), 2.0), rtol=1e-5, atol=0)


def test_it_is_the_exponentially_weighted_mean_of_what_it_saw(
    source: nn.Sequential, average: nn.Sequential
) -> None:
    moving = MovingAverage(average, source, replace(SMALL, batch_size=100, ema_half_life_kimg=0.2))
    set_all(average, 5.0)
    values = [1.0, -2.0, 4.0]

    for value in values:
        set_all(source, value)
        moving.update(0)

    decay = 0.5**0.5
    shares = [decay**3, *((1 - decay) * decay**age for age in (2, 1, 0))]
    expected = sum(share * value for share, value in zip(shares, [5.0, *values], strict=True))
    torch.testing.assert_close(weights(average), torch.full((15,), expected))


def test_a_half_life_of_0_is_a_copy(source: nn.Sequential, average: nn.Sequential) -> None:
    moving = MovingAverage(average, source, replace(SMALL, ema_half_life_kimg=0.0))
    set_all(source, 0.1)

    moving.update(0)

    assert torch.equal(weights(average), weights(source))


def test_statistics_and_counts_are_copied(source: nn.Sequential, average: nn.Sequential) -> None:
    moving = MovingAverage(average, source, SMALL)
    source(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)))

    moving.update(0)

    assert average[1].num_batches_tracked == 1
    for copied, original in zip(average.buffers(), source.buffers(), strict=True):
        assert torch.equal(copied, original)
        assert copied is not original


def test_the_source_is_left_alone(source: nn.Sequential, average: nn.Sequential) -> None:
    set_all(average, 3.0)
    before = weights(source)

    MovingAverage(average, source, SMALL).update(0)

    assert torch.equal(weights(source), before)
    assert all(weight.grad is None and weight.requires_grad for weight in source.parameters())
