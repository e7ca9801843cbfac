import random
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.config import MINIBATCH_NAMES, GanConfig, parameter_docs
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.training.loop import train
from gan_models.training.state import new_state
from search_spaces import collapse, objectives
from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Choice
from search_spaces.space import SearchSpace

FORMER = {  # of before this family: sweeps that were begun must find the space that they know
    "dcgan": "716dda70a015",
    "mlp": "e306350491a2",
    "digits-demo": "bacbe996a84d",
    "ring8": "14e3ce812576",
}
GAME = (*objectives.EVERY_LOSS, *objectives.EVERY_PENALTY)
AGAINST_COLLAPSE = SearchSpace("against-collapse", (*GAME, *collapse.ALL, *collapse.CAPACITY))
SMALL = {"network": "mlp", "width": 8, "depth": 1, "latent_dim": 2}


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_every_proposal_trains_on_points_too(seed: int) -> None:
    params = AGAINST_COLLAPSE.sample(random.Random(seed))
    AGAINST_COLLAPSE.validate(params)
    config = GanConfig.from_params({**SMALL, **params})
    real = load_splits(DataSource(name="ring8")).train
    state = new_state(config, real.sample, seed=0)

    for progress in islice(train(config, state, real, seed=0, until_nimg=10_000), 2):
        assert progress.d_terms.loss.isfinite()
        assert progress.g_loss.isfinite()
    assert all(weight.isfinite().all() for weight in state.generator.parameters())


@pytest.mark.parametrize("batch_size", [32, 96, 512])
def test_any_multiple_of_32_is_a_batch(batch_size: int) -> None:
    for seed in range(300):
        params = AGAINST_COLLAPSE.sample(random.Random(seed))
        GanConfig.from_params({**params, "batch_size": batch_size})


def test_each_bound_is_possible_by_itself() -> None:
    for parameter in (*collapse.ALL, *collapse.CAPACITY):
        assert isinstance(parameter.domain, Choice)
        for option in parameter.domain.options:
            GanConfig.from_params({parameter.name: option})


def test_every_declaration_is_reached_and_documented() -> None:
    reached = {
        id(each)
        for seed in range(300)
        for each in AGAINST_COLLAPSE.active(AGAINST_COLLAPSE.sample(random.Random(seed)))
    }
    assert all(id(parameter) in reached for parameter in AGAINST_COLLAPSE.parameters)
    assert {each.name for each in collapse.ALL} <= set(parameter_docs())
    assert all(each.why for each in (*collapse.ALL, *collapse.CAPACITY))


def test_every_kind_of_minibatch_layer_can_be_chosen() -> None:
    domains = [each.domain for each in collapse.MINIBATCH if each.name == "minibatch"]
    options = {option for each in domains if isinstance(each, Choice) for option in each.options}
    assert options == set(MINIBATCH_NAMES)


def test_the_spaces_of_before_are_as_they_were() -> None:
    for name, fingerprint in FORMER.items():
        assert named_space(name).fingerprint == fingerprint
        assert not {each.name for each in collapse.ALL} & set(SPACES[name].names)
