import random

import pytest

from search_spaces.domains import Choice, Float, Integer, Scalar
from search_spaces.parameter import Parameter
from search_spaces.perturb import perturbed
from search_spaces.space import SearchSpace

SPACE = SearchSpace(
    "small",
    (
        Parameter("penalty", Choice(("none", "r1"))),
        Parameter("r1_gamma", Float(0.1, 10.0, log=True), when={"penalty": ("r1",)}),
        Parameter("batch_size", Integer(16, 64)),
        Parameter("d_lr", Float(1e-4, 1e-2, log=True)),
    ),
    pinned={"g_lr": 1e-3},
)
PARAMS: dict[str, Scalar] = {
    "g_lr": 1e-3,
    "penalty": "r1",
    "r1_gamma": 1.0,
    "batch_size": 32,
    "d_lr": 1e-3,
}


def test_real_numbers_go_a_fifth_up_or_down_and_nothing_else_moves() -> None:
    seen: dict[str, set[float]] = {"d_lr": set(), "r1_gamma": set()}
    for seed in range(20):
        moved = perturbed(SPACE, PARAMS, random.Random(seed))
        kept = {name: value for name, value in moved.items() if name not in seen}
        assert kept == {"g_lr": 1e-3, "penalty": "r1", "batch_size": 32}
        for name, values in seen.items():
            values.add(round(float(moved[name]) / float(PARAMS[name]), 12))
    assert seen == {"d_lr": {0.8, 1.2}, "r1_gamma": {0.8, 1.2}}


@pytest.mark.parametrize("rate", [1e-4, 1e-2])
def test_it_stays_a_proposal_of_the_space_also_at_its_bounds(rate: float) -> None:
    for seed in range(20):
        SPACE.validate(perturbed(SPACE, PARAMS | {"d_lr": rate}, random.Random(seed)))


def test_what_does_not_exist_is_not_brought_up() -> None:
    params = {name: value for name, value in PARAMS.items() if name != "r1_gamma"}
    moved = perturbed(SPACE, params | {"penalty": "none"}, random.Random(0))
    assert "r1_gamma" not in moved


def test_equal_seeds_move_alike() -> None:
    first, again = (perturbed(SPACE, PARAMS, random.Random(3)) for _ in range(2))
    assert first == again
