from math import isfinite, isnan, nan
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_models.config import GanConfig
from gan_models.metrics.discriminator import (
    DiscriminatorHealth,
    HealthLabels,
    discriminator_health,
)
from gan_models.networks.packing import Packed
from gan_models.networks.registry import build_discriminator
from gan_models.samples import SampleKind, SampleSpec

POINT = SampleSpec(SampleKind.POINT, (1,))


class ValueAsLogit(nn.Module):
    def forward(self, seen: Tensor) -> Tensor:
        return seen


def health(
    threshold: float = 0.0, fakes: tuple[float, ...] = (-3, -1, -1, 1)
) -> DiscriminatorHealth:
    return discriminator_health(
        ValueAsLogit(),
        train_seen=torch.tensor([[4.0], [2.0], [1.0], [-1.0]]),
        heldout_seen=torch.tensor([[1.0], [-1.0]]),
        fake_seen=torch.tensor(fakes)[:, None],
        threshold=threshold,
    )


def test_accuracies_are_shares_on_the_right_side_of_zero() -> None:
    found = health()
    assert (found.d_real_acc, found.d_heldout_acc, found.d_fake_acc) == (0.75, 0.5, 0.75)
    assert (found.d_real_logit, found.d_fake_logit) == (1.5, -1.0)


def test_another_threshold_moves_the_sides() -> None:
    found = health(threshold=1.5)
    assert (found.d_real_acc, found.d_heldout_acc, found.d_fake_acc) == (0.5, 0.0, 1.0)


def test_a_critic_is_judged_at_the_midpoint_of_its_means() -> None:
    assert health(threshold=nan) == health(threshold=0.25)
    assert health(threshold=nan, fakes=(5.0, 0.5)).d_fake_acc == 0.5  # midpoint 2.125


def test_logits_that_are_not_finite_give_no_accuracy() -> None:
    found = health(fakes=(nan, 1.0))
    assert isnan(found.d_fake_acc)
    assert isnan(found.d_fake_logit)
    assert found.d_real_acc == 0.75


class RightClass(nn.Module):
    def forward(self, seen: Tensor, labels: Tensor) -> Tensor:
        return 2.0 * (seen[:, 0] == labels) - 1.0


def test_a_conditional_d_is_shown_the_label_of_each_sample() -> None:
    seen = torch.arange(1201.0)[:, None]
    right = torch.arange(1201)
    found = discriminator_health(
        RightClass(),
        train_seen=seen,
        heldout_seen=seen,
        fake_seen=seen,
        labels=HealthLabels(right, right + 1, right.clone().clamp(max=600)),
    )
    assert (found.d_real_acc, found.d_heldout_acc, found.d_fake_acc) == (1.0, 0.0, 600 / 1201)


def test_more_samples_than_a_batch_are_all_counted() -> None:
    reals = torch.arange(-600.0, 601.0)[:, None]
    found = discriminator_health(
        ValueAsLogit(), train_seen=reals, heldout_seen=reals, fake_seen=reals
    )
    assert found.d_real_acc == found.d_fake_acc == 600 / 1201


def test_the_network_is_left_as_it_was() -> None:
    normed = nn.utils.parametrizations.spectral_norm(nn.Linear(1, 4))
    network = nn.Sequential(normed, nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    network[1].eval()  # modes may be mixed
    before = {name: value.clone() for name, value in network.state_dict().items()}
    reals = torch.randn(64, 1, generator=torch.Generator().manual_seed(0))
    first, again = (
        discriminator_health(network, train_seen=reals, heldout_seen=reals, fake_seen=reals)
        for _ in range(2)
    )
    assert first == again
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert [layer.training for layer in network] == [True, False, True, True]
    assert all(weights.grad is None for weights in network.parameters())


def test_the_mode_comes_back_after_an_error() -> None:
    network = nn.Sequential(nn.Linear(7, 1))
    with pytest.raises(RuntimeError):
        discriminator_health(
            network,
            train_seen=torch.zeros(2, 1),
            heldout_seen=torch.zeros(2, 1),
            fake_seen=torch.zeros(2, 1),
        )
    assert network[0].training


@pytest.mark.parametrize("options", [{"pack": 3}, {"minibatch": "stddev", "pack": 2}])
def test_a_d_that_sees_several_samples_at_once_is_judged_on_any_number(
    options: dict[str, Any],
) -> None:
    config = GanConfig(network="mlp", width=8, depth=1, batch_size=24, **options)
    counts = {"train_seen": 502, "heldout_seen": 7, "fake_seen": 1}
    rng = torch.Generator().manual_seed(0)
    shown: dict[str, Any] = {
        name: torch.randn(count, 1, generator=rng) for name, count in counts.items()
    }

    found = discriminator_health(build_discriminator(config, POINT), **shown)

    assert all(isfinite(value) for value in found.to_mapping().values())


def test_shares_of_a_d_that_judges_packs_are_those_of_packs() -> None:
    class SumAsLogit(nn.Module):
        def forward(self, seen: Tensor) -> Tensor:
            return seen.sum(1)

    found = discriminator_health(
        Packed(SumAsLogit(), 2),
        train_seen=torch.tensor([[3.0], [-1.0], [-2.0], [1.0]]),
        heldout_seen=torch.tensor([[1.0], [1.0]]),
        fake_seen=torch.tensor([[-2.0], [1.0]]),
    )

    assert (found.d_real_acc, found.d_heldout_acc, found.d_fake_acc) == (0.5, 1.0, 1.0)
    assert (found.d_real_logit, found.d_fake_logit) == (0.5, -1.0)
