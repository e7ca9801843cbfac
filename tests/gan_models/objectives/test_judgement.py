from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from gan_models.config import PENALTY_NAMES, GanConfig
from gan_models.objectives.judgement import PENALTIES, Judgement, Shown, due_penalty, judge

WEIGHTS = {"r1_gamma": 0.3, "r2_gamma": 0.7, "gp_weight": 5.0, "dragan_std": 0.2}
every_penalty = pytest.mark.parametrize("name", PENALTY_NAMES)


def critic() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0)).double()


def randn(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def config_of(name: str, **params: float) -> GanConfig:
    return GanConfig(penalty=name, batch_size=5, **WEIGHTS | params)  # type: ignore[arg-type]


def shown(name: str) -> Shown:
    drawn = {"gradient-penalty": randn(5, seed=4).sigmoid(), "dragan": randn(5, 3, seed=5)}
    return Shown(randn(5, 3, seed=2), randn(5, 3, seed=3), drawn.get(name))


def judged(network: nn.Module, config: GanConfig, batches: Shown, *, nimg: int = 0) -> Judgement:
    penalty = due_penalty(config, nimg)
    return judge(config, batches, penalty, discriminator=network, plain=network)


def slopes(network: nn.Sequential, samples: Tensor) -> Tensor:
    """Return |∇D|² of tanh(x Wᵀ + b) v by its closed form."""
    inner, bias, outer, _ = network.parameters()
    hidden = torch.tanh(samples @ inner.T + bias)
    gradient = ((1 - hidden.square()) * outer[0]) @ inner
    return gradient.square().sum(1)


def expected_penalty(network: nn.Sequential, name: str, batches: Shown) -> Tensor | None:
    at_real, at_fake = (slopes(network, each).mean() for each in (batches.real, batches.fake))
    if name == "none":
        return None
    if name in ("r1", "r2", "r1+r2"):
        weight_of_r1 = 0.3 if "r1" in name else 0.0
        weight_of_r2 = 0.7 if "r2" in name else 0.0
        return 0.5 * (weight_of_r1 * at_real + weight_of_r2 * at_fake)
    assert batches.drawn is not None
    if name == "dragan":
        points = batches.real + 0.2 * batches.drawn
    else:
        mix = batches.drawn[:, None]
        points = mix * batches.real + (1 - mix) * batches.fake
    return 5.0 * (slopes(network, points).sqrt() - 1).square().mean()


def gradients(value: Tensor, network: nn.Module) -> Iterator[Tensor]:
    weights = list(network.parameters())
    for gradient in torch.autograd.grad(value, weights, allow_unused=True):
        yield torch.zeros(()) if gradient is None else gradient


@every_penalty
def test_a_penalty_and_its_gradient_are_those_of_the_closed_form(name: str) -> None:
    network, batches = critic(), shown(name)

    penalty = judged(network, config_of(name), batches).penalty

    expected = expected_penalty(network, name, batches)
    assert (penalty is None) == (expected is None)
    if penalty is not None and expected is not None:
        torch.testing.assert_close(penalty, expected, rtol=1e-9, atol=1e-12)
        for ours, theirs in zip(
            gradients(penalty, network), gradients(expected, network), strict=True
        ):
            torch.testing.assert_close(ours, theirs, rtol=1e-7, atol=1e-10)


@every_penalty
def test_logits_are_those_of_d_whatever_the_penalty(name: str) -> None:
    network, batches = critic(), shown(name)

    found = judged(network, config_of(name), batches)

    torch.testing.assert_close(found.real_logits, network(batches.real))
    torch.testing.assert_close(found.fake_logits, network(batches.fake))
    assert found.real_logits.requires_grad
    assert found.fake_logits.requires_grad


@every_penalty
def test_batches_are_left_as_they_were(name: str) -> None:
    batches = shown(name)

    judged(critic(), config_of(name), batches)

    for batch in (batches.real, batches.fake, batches.drawn):
        assert batch is None or not batch.requires_grad


@every_penalty
def test_a_lazy_penalty_joins_every_so_many_updates_as_many_times_as_heavy(name: str) -> None:
    network, batches = critic(), shown(name)
    eager, lazy = config_of(name), config_of(name, penalty_interval=4)

    terms = [judged(network, lazy, batches, nimg=5 * update).penalty for update in range(9)]

    every_time = judged(network, eager, batches).penalty
    if every_time is None:
        assert terms == [None] * 9
    else:
        assert [update for update, term in enumerate(terms) if term is not None] == [0, 4, 8]
        assert terms[4] is not None
        torch.testing.assert_close(terms[4], 4 * every_time)


def test_updates_count_on_after_a_change_of_batch_size() -> None:
    # a population's trial may stand where another batch size left it
    config = replace(config_of("r1"), penalty_interval=3)

    due = [due_penalty(config, 7 + 5 * update).name for update in range(7)]

    assert due == ["none", "none", "r1", "none", "none", "r1", "none"]


def test_the_loss_of_d_may_come_from_another_precision_than_its_penalty() -> None:
    network, batches = critic(), shown("gradient-penalty")

    found = judge(
        config_of("gradient-penalty"),
        batches,
        PENALTIES["gradient-penalty"],
        discriminator=network,
        plain=lambda samples: network(samples).float(),
    )

    assert found.real_logits.dtype == found.fake_logits.dtype == torch.float32
    assert found.penalty is not None
    assert found.penalty.dtype == torch.float64


def test_every_penalty_stands_under_its_own_name_with_formula_and_source() -> None:
    assert tuple(PENALTIES) == PENALTY_NAMES
    for name, entry in PENALTIES.items():
        assert entry.name == name
        assert entry.formula
        assert name == "none" or entry.source[:4].isdigit()  # arXiv
