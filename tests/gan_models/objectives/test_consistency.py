from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.objectives.judgement import PENALTIES, Shown, discriminator_objective


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def linear() -> nn.Sequential:
    """D(x) = w x + b, of which everything is known."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)).double()


def objective(linear: nn.Sequential, shown: Shown, **params: Any) -> tuple[Tensor, Tensor | None]:
    config = GanConfig(batch_size=4, consistency_weight=7.0, **params)
    loss, penalty, _ = discriminator_objective(
        config, shown, PENALTIES[config.penalty], discriminator=linear, plain=linear
    )
    return loss, penalty


REAL, FAKE, REAL_TWINS, FAKE_TWINS = (randn(4, 3, seed=seed) for seed in range(4))


@pytest.mark.parametrize("penalty", ["none", "r1"])
@pytest.mark.parametrize("balanced", [False, True])
def test_d_pays_for_what_it_says_of_twins_and_its_gradient_is_the_closed_form(
    linear: nn.Sequential, penalty: str, balanced: bool
) -> None:
    shown = Shown(REAL, FAKE, None, None, REAL_TWINS, FAKE_TWINS if balanced else None)
    layer = linear[0]
    assert isinstance(layer, nn.Linear)
    weight = layer.weight

    term = objective(linear, shown, penalty=penalty)[1]

    moves = [REAL - REAL_TWINS, *([FAKE - FAKE_TWINS] if balanced else [])]
    nothing = torch.zeros((), dtype=torch.float64)
    expected = sum((7.0 * (move @ weight[0]).square().mean() for move in moves), nothing)
    gradient = sum((14.0 * (move.T @ (move @ weight[0])) / 4 for move in moves), nothing)
    if penalty == "r1":
        expected, gradient = expected + 0.5 * weight.square().sum(), gradient + weight[0]
    assert term is not None
    torch.testing.assert_close(term, expected)
    (found,) = torch.autograd.grad(term, weight)
    torch.testing.assert_close(found[0], gradient)


def test_the_loss_is_of_the_samples_not_of_their_twins(linear: nn.Sequential) -> None:
    alone, no_term = objective(linear, Shown(REAL, FAKE), penalty="none")
    shown = Shown(REAL, FAKE, None, None, REAL_TWINS, FAKE_TWINS)

    assert no_term is None
    assert torch.equal(objective(linear, shown, penalty="none")[0], alone)


def test_a_lazy_penalty_leaves_it_as_heavy_as_it_is(linear: nn.Sequential) -> None:
    shown = Shown(REAL, FAKE, None, None, REAL_TWINS)

    eager = objective(linear, shown, penalty="r1", r1_gamma=0.0)[1]
    lazy = objective(linear, shown, penalty="r1", r1_gamma=0.0, penalty_interval=16)[1]

    assert eager is not None
    torch.testing.assert_close(lazy, eager)


def test_twins_are_judged_in_the_precision_of_their_samples(linear: nn.Sequential) -> None:
    def rounded(samples: Tensor) -> Tensor:
        logits: Tensor = linear(samples).bfloat16().double()
        return logits

    config = GanConfig(batch_size=4, penalty="r1", r1_gamma=0.0, consistency_weight=1.0)
    shown = Shown(REAL, FAKE, None, None, REAL, FAKE)  # twins that were not changed

    minimised = discriminator_objective(
        config, shown, PENALTIES["r1"], discriminator=linear, plain=rounded
    )

    assert minimised.penalty is not None
    assert minimised.penalty.item() == 0.0
