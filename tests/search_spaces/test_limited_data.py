import random

import pytest

from gan_models.augmentation.pipeline import augmentation
from gan_models.config import AUGMENT_NAMES, GanConfig, parameter_docs
from search_spaces import limited_data
from search_spaces.catalog import SPACES, named_space
from search_spaces.domains import Choice

SPACE = named_space("limited-data")


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


def test_only_the_widest_space_varies_them_too() -> None:
    ours = {each.name for each in limited_data.ALL}
    varying = [name for name, space in SPACES.items() if ours & set(space.names)]
    assert varying == ["limited-data", "every-technique"]
