from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gan_models.config import CONDITIONING_NAMES, NETWORK_NAMES, GanConfig
from gan_models.errors import ParameterError
from gan_models.networks.conditional import (
    AuxiliaryHead,
    ConcatHead,
    ProjectionHead,
    conditional_discriminator,
)
from gan_models.networks.conditional_norm import ConditionalBatchNorm2d
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import Classes, SampleKind, SampleSpec

CLASSES = Classes(("a", "b", "c"), (0.2, 0.3, 0.5))
IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 9), CLASSES)
KINDS = [name for name in CONDITIONING_NAMES if name != "none"]
LABELS = torch.tensor([0, 1, 2, 1])
every_kind = pytest.mark.parametrize("kind", KINDS)
every_network = pytest.mark.parametrize("network", NETWORK_NAMES)


def small(network: str, kind: str, *, spectral_norm: bool = False) -> GanConfig:
    return GanConfig(
        network=network,
        width=8,
        depth=2,
        latent_dim=4,
        conditioning=kind,
        spectral_norm=spectral_norm,
    )


def latents(count: int = 4) -> Tensor:
    return torch.randn(count, 4, generator=torch.Generator().manual_seed(0))


def features(count: int = 4, width: int = 5) -> Tensor:
    rng = torch.Generator().manual_seed(1)
    return torch.randn(count, width, generator=rng, dtype=torch.float64)


@every_kind
@every_network
def test_both_networks_take_labels_and_every_weight_learns(network: str, kind: str) -> None:
    config = small(network, kind)
    generator, discriminator = build_generator(config, IMAGE), build_discriminator(config, IMAGE)

    images = generator(latents(), LABELS)
    verdict = discriminator(images, LABELS)
    verdict.square().sum().backward()

    assert images.shape == (4, *IMAGE.shape)
    assert verdict.shape == ((4, 1 + len(CLASSES)) if kind == "auxiliary" else (4,))
    for name, weight in [*generator.named_parameters(), *discriminator.named_parameters()]:
        assert weight.grad is not None, name


@pytest.mark.parametrize("sample", [IMAGE, SampleSpec(SampleKind.POINT, (2,), CLASSES)])
@every_kind
def test_the_class_moves_what_g_makes_and_what_d_says(kind: str, sample: SampleSpec) -> None:
    config = small("mlp", kind)
    generator, discriminator = build_generator(config, sample), build_discriminator(config, sample)
    z, other = latents(), (LABELS + 1) % 3

    images = generator(z, LABELS)

    assert (images != generator(z, other)).flatten(1).any(1).all()
    same = torch.equal(discriminator(images, LABELS), discriminator(images, other))
    assert same == (kind == "auxiliary")


@every_kind
def test_a_logit_depends_on_its_own_sample_and_label_alone(kind: str) -> None:
    discriminator = build_discriminator(small("dcgan", kind), IMAGE)
    images = torch.randn(4, *IMAGE.shape, generator=torch.Generator().manual_seed(2))
    changed = LABELS.clone()
    changed[2] = 0

    before, after = discriminator(images, LABELS), discriminator(images, changed)

    rows = [0, 1, 3]
    torch.testing.assert_close(before[rows], after[rows])


@pytest.mark.parametrize(("kind", "norm"), list(product(KINDS, ["batch", "none"])))
def test_g_has_conditional_batch_norm_just_where_it_has_batch_norm_and_d_projects(
    kind: str, norm: str
) -> None:
    generator = build_generator(replace(small("dcgan", kind), generator_norm=norm), IMAGE)

    norms = [type(each) for each in generator.modules() if isinstance(each, nn.BatchNorm2d)]

    expected = ConditionalBatchNorm2d if kind == "projection" else nn.BatchNorm2d
    assert bool(norms) == (norm == "batch")
    assert set(norms) <= {expected}


def test_the_projection_is_the_inner_product_of_class_and_features() -> None:
    head = ProjectionHead(nn.Linear(5, 1), 3, spectral_norm=False).double()
    h = features()

    logits = head(h, LABELS)

    directions = head.get_parameter("directions.weight")[LABELS]
    expected = head.head(h).squeeze(1) + torch.einsum("nd,nd->n", directions, h)
    torch.testing.assert_close(logits.squeeze(1), expected)


def test_a_concatenating_head_judges_features_and_class_together() -> None:
    head = ConcatHead(nn.Linear(5, 1), 3, spectral_norm=False).double()
    h = features()

    logits = head(h, LABELS)

    inner = head.joint(torch.cat([h, head.embedding(LABELS)], dim=1))
    expected = head.head(torch.where(inner > 0, inner, 0.2 * inner))
    torch.testing.assert_close(logits, expected)
    moved = head(h, (LABELS + 1) % 3) - logits
    assert float(moved.detach().std()) > 0.0  # not one shift for each class: it interacts with h


def test_an_auxiliary_head_keeps_the_logit_and_adds_one_of_each_class() -> None:
    plain = nn.Linear(5, 1)
    head = AuxiliaryHead(plain, 3, spectral_norm=False).double()

    verdict = head(features(), LABELS)

    assert torch.equal(verdict[:, :1], plain(features()))
    assert torch.equal(verdict[:, 1:], head.classifier(features()))


@every_kind
def test_spectral_norm_bounds_the_conditional_part_of_the_head_too(kind: str) -> None:
    layers = {"concat": "joint", "projection": "directions", "auxiliary": "classifier"}
    discriminator = build_discriminator(small("mlp", kind, spectral_norm=True), IMAGE)
    for _ in range(100):
        discriminator(torch.zeros(1, *IMAGE.shape), LABELS[:1])

    layer: Any = discriminator.get_submodule(f"head.{layers[kind]}")
    assert torch.linalg.matrix_norm(layer.weight, 2).item() == pytest.approx(1.0, abs=1e-3)


@every_kind
@pytest.mark.parametrize("classes", [None, Classes(("only",), (1.0,))])
def test_data_without_classes_is_refused_with_what_to_do(
    kind: str, classes: Classes | None
) -> None:
    sample = replace(IMAGE, classes=classes)

    for build in (build_generator, build_discriminator):
        with pytest.raises(ParameterError, match=f"conditioning = '{kind}' needs data with labels"):
            build(small("mlp", kind), sample)


@every_kind
def test_a_d_without_a_head_of_its_own_is_refused(kind: str) -> None:
    build = conditional_discriminator(lambda config, sample: nn.Flatten())

    with pytest.raises(ParameterError, match="needs a D of a trunk and a linear head"):
        build(small("mlp", kind), IMAGE)
