import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.config import GanConfig
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.training.loop import train
from gan_models.training.state import new_state
from search_spaces.catalog import SPACES, named_space
from search_spaces.conditional import CONDITIONING

SPACE = named_space("conditional-digits")
SMALL = {"batch_size": 4, "latent_dim": 4}


@pytest.fixture(scope="module")
def real() -> Dataset:
    return load_splits(DataSource(name="digits")).train


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10)
def test_what_the_space_proposes_trains_with_finite_losses(real: Dataset, seed: int) -> None:
    config = GanConfig.from_params({**SPACE.sample(random.Random(seed)), **SMALL})
    state = new_state(config, real.sample, seed=0)

    rounds = list(train(config, state, real, seed=0, until_nimg=8))

    assert len(rounds) == 2
    assert all(each.d_terms.loss.isfinite() and each.g_loss.isfinite() for each in rounds)


def test_every_kind_of_conditioning_is_proposed_and_its_weight_where_it_has_one() -> None:
    rng = random.Random(0)
    proposals = [SPACE.sample(rng) for _ in range(60)]

    kinds = {each["conditioning"] for each in proposals}
    assert kinds == {"concat", "projection", "auxiliary"}
    for each in proposals:
        assert ("auxiliary_weight" in each) == (each["conditioning"] == "auxiliary")


def test_no_other_space_asks_for_labels() -> None:
    names = {parameter.name for parameter in CONDITIONING}

    for name, space in SPACES.items():
        assert bool(names & set(space.names)) == (name == "conditional-digits")
