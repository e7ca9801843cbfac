from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from gan_models.config import NETWORK_NAMES, GanConfig
from gan_models.networks.packing import Packed, packed
from gan_models.networks.registry import build_discriminator
from gan_models.samples import SampleKind, SampleSpec

IMAGE = SampleSpec(SampleKind.IMAGE, (3, 8, 9))
POINT = SampleSpec(SampleKind.POINT, (2,))
CONFIG = GanConfig(network="mlp", width=8, depth=1)


class Sight(nn.Module):
    """Keeps what it was shown."""

    def forward(self, samples: Tensor) -> Tensor:
        self.shown = samples
        return samples.flatten(1).sum(1)


def randn(count: int, sample: SampleSpec) -> Tensor:
    return torch.randn(count, *sample.shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("sample", "shape"), [(IMAGE, (6, 8, 9)), (POINT, (4,))])
def test_neighbours_are_joined_along_channels_or_dimensions(
    sample: SampleSpec, shape: tuple[int, ...]
) -> None:
    sight, samples = Sight(), randn(6, sample)

    logits = Packed(sight, 2)(samples)

    assert packed(sample, 2).shape == shape
    assert logits.shape == (3,)
    expected = torch.stack([torch.cat([samples[i], samples[i + 1]]) for i in (0, 2, 4)])
    assert torch.equal(sight.shown, expected)


@pytest.mark.parametrize("network", NETWORK_NAMES)
@pytest.mark.parametrize("pack", [2, 3, 4])
def test_every_architecture_judges_packs_in_batches_of_any_size(network: str, pack: int) -> None:
    config = replace(CONFIG, network=network, batch_size=12, pack=pack)
    discriminator = build_discriminator(config, IMAGE)

    for count in (1, pack, pack + 1, 12):
        assert discriminator(randn(count, IMAGE)).shape == (-(-count // pack),)


def test_a_logit_depends_on_its_pack_alone() -> None:
    points = randn(6, POINT).requires_grad_()
    discriminator = build_discriminator(replace(CONFIG, pack=2), POINT)

    (gradient,) = torch.autograd.grad(discriminator(points)[1], points)

    assert [bool(own.any()) for own in gradient] == [False, False, True, True, False, False]


def test_without_packing_d_is_not_wrapped() -> None:
    assert not isinstance(build_discriminator(CONFIG, POINT), Packed)
