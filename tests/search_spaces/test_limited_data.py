import random
from functools import cache
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.augmentation.pipeline import augmentation
from gan_models.config import AUGMENT_NAMES, GanConfig, parameter_docs
from gan_models.data.dataset import Dataset
from gan_models.data.load import load_splits
from gan_models.data.source import DataSource
from gan_models.training.loop import train
from gan_models.training.state import new_state
from search_spaces import limited_data
from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Choice

SMALL = {"width": 8, "latent_dim": 4, "batch_size": 8}
SPACE = named_space("limited-data")


@cache
def digits() -> Dataset:
    return load_splits(DataSource(name="digits")).train


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_every_proposal_trains_with_finite_losses(seed: int) -> None:
    params = SPACE.sample(random.Random(seed))
    config = GanConfig.from_params(params | SMALL)
    state = new_state(config, digits().sample, seed=0)

    for progress in islice(train(config, state, digits(), seed=0, until_nimg=10_000), 2):
        assert progress.d_terms.loss.isfinite()
        assert progress.g_loss.isfinite()
    assert all(weight.isfinite().all() for weight in state.generator.parameters())


def test_every_way_of_augmenting_can_be_chosen() -> None:
    domains = [each.domain for each in limited_data.ALL if each.name == "augment"]
    options = {option for each in domains if isinstance(each, Choice) for option in each.options}
    assert options == set(AUGMENT_NAMES)
    assert {each.name for each in limited_data.ALL} <= set(parameter_docs())


@pytest.mark.parametrize("seed", range(5))
def test_only_ada_may_flip_and_rotate(seed: int) -> None:
    for number in range(50):
        config = GanConfig.from_params(SPACE.sample(random.Random(50 * seed + number)))
        if config.augment != "ada":
            assert not {"flip", "rotation"} & {
                each.group for each in augmentation(config).transforms
            }


def test_no_other_space_varies_them() -> None:
    ours = {each.name for each in limited_data.ALL}
    assert not any(ours & set(space.names) for name, space in SPACES.items() if space is not SPACE)
