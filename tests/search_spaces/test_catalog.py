import random
from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.config import GanConfig, check_value, parameter_docs
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.errors import ParameterError
from gan_models.training.loop import train
from gan_models.training.state import new_state
from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Choice, Integer, Scalar
from search_spaces.errors import SpaceError
from search_spaces.narrowing import narrowed
from search_spaces.space import SearchSpace

SAMPLES = 300
SMALLEST_BATCH = 32  # of which packs, groups and replayed halves leave nothing over
FINGERPRINTS = {
    "dcgan": "716dda70a015",
    "mlp": "e306350491a2",
    "digits-demo": "bacbe996a84d",
    "ring8": "14e3ce812576",
}

every_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


def samples(space: SearchSpace, count: int = SAMPLES) -> list[dict[str, Scalar]]:
    return [space.sample(random.Random(seed)) for seed in range(count)]


def trains(params: Mapping[str, Any]) -> bool:
    try:
        GanConfig.from_params(params)
    except ParameterError:
        return False
    return True


@cache
def data(name: str) -> Dataset:
    return load_splits(DataSource(name=name)).train


def cut_down(params: Mapping[str, Any]) -> GanConfig:
    """Make a proposal as fast as a test must be; nothing that it chose goes."""
    small = {"width": 8, "latent_dim": 4, "batch_size": SMALLEST_BATCH}
    d_width = {"d_width": 16} if params.get("d_width") else {}
    return GanConfig.from_params({**params, **small, **d_width})


def test_the_promised_spaces_are_there() -> None:
    assert list(SPACES) == [
        "dcgan",
        "mlp",
        "digits-demo",
        "conditional-digits",
        "ring8",
        "dcgan-techniques",
        "resnet",
        "r3gan",
        "style",
        "limited-data",
        "mode-collapse",
        "every-technique",
    ]


def test_spaces_that_were_swept_before_propose_what_they_did() -> None:
    assert {name: SPACES[name].fingerprint for name in FINGERPRINTS} == FINGERPRINTS


def test_an_unknown_space_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SpaceError, match="space = 'dcgann': did you mean 'dcgan'"):
        named_space("dcgann")


def is_option(space: SearchSpace, name: str, value: Scalar) -> bool:
    domains = [each.domain for each in space.parameters if each.name == name]
    return any(isinstance(each, Choice) and each.contains(value) for each in domains)


@every_space
def test_every_proposal_is_valid_and_trains_a_gan(space: SearchSpace) -> None:
    for params in samples(space):
        space.validate(params)
        GanConfig.from_params(params)


@every_space
def test_every_bound_is_possible(space: SearchSpace) -> None:
    for parameter in space.parameters:
        domain = parameter.domain
        ends = getattr(domain, "options", None) or (domain.low, domain.high)  # type: ignore[union-attr]
        for value in ends:
            check_value(parameter.name, value)


@every_space
def test_every_declaration_is_reached(space: SearchSpace) -> None:
    reached = {id(each) for params in samples(space) for each in space.active(params)}
    assert all(id(parameter) in reached for parameter in space.parameters)


@every_space
def test_every_parameter_says_why_and_every_space_what_for(space: SearchSpace) -> None:
    assert space.doc
    assert all(parameter.why for parameter in space.parameters)
    assert set(space.names) <= set(parameter_docs())


@every_space
def test_a_critic_is_always_held_and_nothing_else_is_held_that_way(space: SearchSpace) -> None:
    for params in samples(space):
        is_critic = params["d_loss"] == "wasserstein"
        assert (params["penalty"] == "gradient-penalty" or "weight_clip" in params) is is_critic
        assert (params["g_loss"] == "wasserstein") is is_critic


@every_space
def test_a_space_survives_its_plain_form(space: SearchSpace) -> None:
    read = SearchSpace.from_mapping(space.to_mapping(), name=space.name)
    assert read.parameters == space.parameters
    assert read.fingerprint == space.fingerprint


@every_space
def test_fixing_any_one_parameter_leaves_a_space_that_can_be_sampled(space: SearchSpace) -> None:
    for name, value in space.sample(random.Random(0)).items():
        pinned = narrowed(space, {name: value}, trains)
        for params in samples(pinned, 20):
            assert params[name] == value
            GanConfig.from_params(params)


@every_space
def test_whatever_a_space_proposes_can_be_pinned(space: SearchSpace) -> None:
    pins = {pin for params in samples(space) for pin in params.items() if is_option(space, *pin)}
    assert pins
    for name, value in pins:
        for params in samples(narrowed(space, {name: value}, trains), 20):
            GanConfig.from_params(params)


def test_the_demo_compares_both_networks() -> None:
    demo = named_space("digits-demo")
    assert {params["network"] for params in samples(demo)} == {"dcgan", "mlp"}
    assert 8 <= len(demo.names) <= 12


def test_spaces_of_one_network_pin_it() -> None:
    networks = {name: space.pinned.get("network") for name, space in SPACES.items()}
    others = {"mlp": "mlp", "digits-demo": None, "ring8": "mlp"}
    others |= dict.fromkeys(["dcgan-techniques", "limited-data", "mode-collapse"], "dcgan")
    others |= {"conditional-digits": None, "every-technique": None}
    assert networks == others | {name: name for name in ("dcgan", "resnet", "r3gan", "style")}


def test_points_in_the_plane_get_small_networks() -> None:
    (width,) = (each.domain for each in named_space("ring8").parameters if each.name == "width")
    assert isinstance(width, Integer)
    assert width.high <= 128


@every_space
@settings(max_examples=12)
@given(seed=st.integers(0, 10**6))
def test_every_proposal_trains_for_two_rounds(space: SearchSpace, seed: int) -> None:
    config = cut_down(space.sample(random.Random(seed)))
    real = data("ring8" if space.name == "ring8" else "digits")
    state = new_state(config, real.sample, seed=0)

    rounds = list(islice(train(config, state, real, seed=0, until_nimg=10**6), 2))

    for progress in rounds:
        assert progress.d_terms.loss.isfinite()
        assert progress.g_loss.isfinite()
    for network in (state.generator, state.discriminator, state.ema):
        assert all(weight.isfinite().all() for weight in network.parameters())
