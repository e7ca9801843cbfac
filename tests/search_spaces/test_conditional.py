import random

from search_spaces.catalog import SPACES, named_space

SPACE = named_space("conditional-digits")


def test_every_kind_of_conditioning_is_proposed_and_its_weight_where_it_has_one() -> None:
    rng = random.Random(0)
    proposals = [SPACE.sample(rng) for _ in range(60)]

    kinds = {each["conditioning"] for each in proposals}
    assert kinds == {"concat", "projection", "auxiliary"}
    for each in proposals:
        assert ("auxiliary_weight" in each) == (each["conditioning"] == "auxiliary")


def test_only_the_widest_space_asks_for_labels_too_and_may_do_without() -> None:
    asking = [name for name, space in SPACES.items() if "conditioning" in space.names]
    assert asking == ["conditional-digits", "every-technique"]

    unlabelled = named_space("every-technique").fixed({"conditioning": "none"})
    assert "auxiliary_weight" not in unlabelled.names
