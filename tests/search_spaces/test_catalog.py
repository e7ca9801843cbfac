import random

import pytest

from gan_models.config import GanConfig, parameter_docs
from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Integer
from search_spaces.errors import SpaceError
from search_spaces.space import SearchSpace

SAMPLES = 300

every_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


def samples(space: SearchSpace) -> list[dict[str, bool | int | float | str]]:
    return [space.sample(random.Random(seed)) for seed in range(SAMPLES)]


def test_the_promised_spaces_are_there() -> None:
    assert list(SPACES) == ["dcgan", "mlp", "digits-demo", "ring8"]


def test_an_unknown_space_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SpaceError, match="space = 'dcgann': did you mean 'dcgan'"):
        named_space("dcgann")


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
            GanConfig.from_params({parameter.name: value})


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
def test_a_critic_always_has_its_gradient_penalty(space: SearchSpace) -> None:
    for params in samples(space):
        is_critic = params["d_loss"] == "wasserstein"
        assert (params["penalty"] == "gradient-penalty") is is_critic
        assert (params["g_loss"] == "wasserstein") is is_critic


@every_space
def test_a_space_survives_its_plain_form(space: SearchSpace) -> None:
    read = SearchSpace.from_mapping(space.to_mapping(), name=space.name)
    assert read.parameters == space.parameters
    assert read.fingerprint == space.fingerprint


@every_space
def test_fixing_any_one_parameter_leaves_a_space_that_can_be_sampled(space: SearchSpace) -> None:
    for name, value in space.sample(random.Random(0)).items():
        narrowed = space.fixed({name: value})
        for seed in range(20):
            params = narrowed.sample(random.Random(seed))
            assert params[name] == value
            GanConfig.from_params(params)


def test_the_demo_compares_both_networks() -> None:
    demo = named_space("digits-demo")
    assert {params["network"] for params in samples(demo)} == {"dcgan", "mlp"}
    assert 8 <= len(demo.names) <= 12


def test_spaces_of_one_network_pin_it() -> None:
    networks = {name: space.pinned.get("network") for name, space in SPACES.items()}
    assert networks == {"dcgan": "dcgan", "mlp": "mlp", "digits-demo": None, "ring8": "mlp"}


def test_points_in_the_plane_get_small_networks() -> None:
    (width,) = (each.domain for each in named_space("ring8").parameters if each.name == "width")
    assert isinstance(width, Integer)
    assert width.high <= 128
