import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.config import GanConfig
from gan_models.networks.registry import build_discriminator, build_generator
from gan_models.samples import SampleKind, SampleSpec
from gan_models.training.loop import train
from gan_models.training.state import new_state
from search_spaces import networks
from search_spaces.catalog import named_space
from search_spaces.domains import Choice
from search_spaces.parameter import Parameter
from tests.gan_models.training.small_runs import make_images

TINY_IMAGE = SampleSpec(SampleKind.IMAGE, (1, 8, 8))
IMAGES = make_images(22)


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        ("dcgan", networks.DCGAN),
        ("mlp", networks.MLP),
        ("resnet", networks.RESNET),
        ("r3gan", networks.R3GAN),
        ("style", networks.STYLE),
    ],
)
def test_the_smallest_and_the_largest_network_can_be_built(
    network: str, parameters: tuple[Parameter, ...]
) -> None:
    for end in (0, -1):
        params = {each.name: _ends(each)[end] for each in parameters}
        config = GanConfig.from_params({"network": network, **params})
        build_generator(config, TINY_IMAGE)
        build_discriminator(config, TINY_IMAGE)


def test_each_demo_network_has_its_own_widths() -> None:
    widths = [each for each in networks.SMALL_OF_EITHER_KIND if each.name == "width"]
    assert [each.when for each in widths] == [{"network": ("dcgan",)}, {"network": ("mlp",)}]
    assert widths[0].excludes(widths[1])


@pytest.mark.parametrize("name", ["resnet", "r3gan", "style"])
@settings(max_examples=5, deadline=None, derandomize=True)
@given(rng=st.randoms(use_true_random=False))
def test_what_a_space_proposes_trains_two_steps(name: str, rng: random.Random) -> None:
    proposed = GanConfig.from_params(named_space(name).sample(rng))
    config = replace(proposed, batch_size=4, width=proposed.width // 4)  # as fast as a test must be
    state = new_state(config, IMAGES.sample, seed=0)
    num_images = 2 * config.d_steps * config.batch_size

    rounds = list(train(config, state, IMAGES, seed=0, until_nimg=num_images))

    assert len(rounds) == 2
    losses = [term for each in rounds for term in (each.d_terms.loss, each.g_loss)]
    assert all(loss.isfinite() for loss in losses)
    with torch.no_grad():
        assert state.ema(torch.zeros(1, config.latent_dim)).isfinite().all()


def _ends(parameter: Parameter) -> tuple[object, ...]:
    domain = parameter.domain
    return domain.options if isinstance(domain, Choice) else (domain.low, domain.high)
