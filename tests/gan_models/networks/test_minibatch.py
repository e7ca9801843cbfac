from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gan_models.config import MINIBATCH_NAMES, NETWORK_NAMES, GanConfig
from gan_models.networks.minibatch import (
    KERNEL_DIM,
    NUM_KERNELS,
    MinibatchDiscrimination,
    MinibatchStandardDeviation,
    minibatch_layer,
)
from gan_models.networks.registry import build_discriminator
from gan_models.samples import SampleKind, SampleSpec

pytestmark = pytest.mark.usefixtures("seeded")

IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
LAYERS = [name for name in MINIBATCH_NAMES if name != "none"]
every_layer = pytest.mark.parametrize("name", LAYERS)


def randn(*shape: int) -> Tensor:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def test_discrimination_is_the_sum_over_the_group_of_the_paper() -> None:
    layer = MinibatchDiscrimination(7, 3, spectral=False).double()
    features = randn(6, 7)

    joined = layer(features).detach()

    weight: Tensor = layer.project.get_parameter("weight")
    tensor = weight.view(NUM_KERNELS, KERNEL_DIM, 7)
    rows = torch.einsum("na,bca->nbc", features, tensor).detach()
    for i in range(6):
        group = range(3) if i < 3 else range(3, 6)
        for b in (0, 1, NUM_KERNELS - 1):
            expected = sum(float(torch.exp(-torch.norm(rows[i, b] - rows[j, b], 1))) for j in group)
            assert float(joined[i, 7 + b]) == pytest.approx(expected, rel=1e-12)
    assert torch.equal(joined[:, :7], features)


def test_stddev_is_the_mean_of_the_features_standard_deviations() -> None:
    features = randn(8, 5)

    joined = MinibatchStandardDeviation(4)(features)

    first, second = (part.std(0, correction=0).mean() for part in (features[:4], features[4:]))
    expected = torch.stack([first] * 4 + [second] * 4)
    torch.testing.assert_close(joined[:, 5], expected, rtol=1e-7, atol=0)
    assert torch.equal(joined[:, :5], features)


@every_layer
def test_copies_look_unlike_a_varied_group(name: str) -> None:
    layer = minibatch_layer(GanConfig(minibatch=name), 6)
    assert layer is not None
    varied, copies = randn(4, 6).float(), randn(1, 6).float().expand(4, -1)

    apart = float((layer(copies)[:, 6:] - layer(varied)[:, 6:]).detach().mean())

    assert apart > 0.1 if name == "discrimination" else apart < -0.1


@every_layer
def test_copies_have_a_finite_gradient_and_a_finite_second_one(name: str) -> None:
    layer = minibatch_layer(GanConfig(minibatch=name), 3)
    assert layer is not None
    copies = torch.ones(4, 3, dtype=torch.float64, requires_grad=True)

    (first,) = torch.autograd.grad(layer.double()(copies).sum(), copies, create_graph=True)
    (second,) = torch.autograd.grad(first.square().sum(), copies, allow_unused=True)

    assert first.isfinite().all()
    assert second is None or second.isfinite().all()


@every_layer
def test_the_gradient_is_right(name: str) -> None:
    layer = minibatch_layer(GanConfig(minibatch=name), 3)
    assert layer is not None
    assert torch.autograd.gradcheck(layer.double(), randn(6, 3).requires_grad_())


@every_layer
@pytest.mark.parametrize("network", NETWORK_NAMES)
def test_a_logit_depends_on_its_group_alone(network: str, name: str) -> None:
    config = GanConfig(network=network, width=8, minibatch=name, minibatch_group=2)
    images = randn(6, *IMAGE.shape).float().requires_grad_()

    (gradient,) = torch.autograd.grad(build_discriminator(config, IMAGE)(images)[3], images)

    assert [bool(own.any()) for own in gradient] == [False, False, True, True, False, False]


@every_layer
def test_logits_of_whole_groups_do_not_depend_on_the_rest_of_the_batch(name: str) -> None:
    config = GanConfig(network="mlp", width=8, depth=1, minibatch=name)
    discriminator, images = build_discriminator(config, IMAGE), randn(10, *IMAGE.shape).float()

    torch.testing.assert_close(discriminator(images)[:8], discriminator(images[:8]))
    assert all(discriminator(images[:count]).shape == (count,) for count in (1, 3, 5))


@every_layer
def test_packs_are_compared_with_packs(name: str) -> None:
    config = GanConfig(network="mlp", width=8, depth=1, pack=2, minibatch=name, minibatch_group=2)
    images = randn(8, *IMAGE.shape).float().requires_grad_()

    logits = build_discriminator(config, IMAGE)(images)
    (gradient,) = torch.autograd.grad(logits[0], images)

    assert logits.shape == (4,)
    assert [bool(own.any()) for own in gradient] == [True] * 4 + [False] * 4


def test_spectral_norm_bounds_the_distances_too() -> None:
    config = GanConfig(minibatch="discrimination", spectral_norm=True)
    layer = minibatch_layer(config, 9)
    assert isinstance(layer, MinibatchDiscrimination)
    assert torch.linalg.matrix_norm(layer.project.weight, 2).item() == pytest.approx(1, abs=0.05)
    plain = minibatch_layer(replace(config, spectral_norm=False), 9)
    assert isinstance(plain, MinibatchDiscrimination)
    assert torch.linalg.matrix_norm(plain.project.weight, 2).item() > 1.2


def test_without_it_nothing_lies_between_trunk_and_head() -> None:
    assert minibatch_layer(GanConfig(), 5) is None
