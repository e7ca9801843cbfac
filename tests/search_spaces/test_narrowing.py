import random
from collections.abc import Mapping

import pytest

from search_spaces.domains import Choice, Float, Scalar
from search_spaces.narrowing import narrowed, refused_options
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

GAME = Parameter("game", Choice(("labels", "critic")))
SOFT = Parameter("penalty", Choice(("r1", "none")), when={"game": ("labels",)})
HARD = Parameter("penalty", Choice(("slope",)), when={"game": ("critic",)})
NEIGHBOURS = Parameter("neighbours", Choice((False, True)), when={"penalty": ("r1", "none")})
SMOOTHING = Parameter("smoothing", Float(0.0, 0.2), when={"game": ("labels",)})
RATE = Parameter("rate", Float(0.1, 1.0))
SPACE = SearchSpace("small", (GAME, SOFT, HARD, NEIGHBOURS, SMOOTHING, RATE))


def holds(params: Mapping[str, Scalar]) -> bool:
    """A critic needs a slope and has no labels; a slope and neighbours do not go together."""
    is_critic = params["game"] == "critic"
    is_held = params.get("penalty", "none") == "slope"
    if is_critic and not is_held:
        return False
    if is_critic and params.get("smoothing"):
        return False
    return not (is_held and params.get("neighbours"))


@pytest.mark.parametrize(
    ("pinned", "refused"),
    [
        ({"penalty": "none"}, {"game": ["critic"]}),
        ({"penalty": "slope"}, {}),  # declared for critics alone, but good for labels, too
        ({"smoothing": 0.1}, {"game": ["critic"]}),
        ({"smoothing": 0.0}, {}),
        ({"neighbours": True}, {"penalty": ["slope"], "game": ["critic"]}),
        ({"neighbours": False}, {}),
        ({"rate": 0.5}, {}),
        ({"penalty": "none", "game": "critic"}, {}),  # a contradiction is not ours to mend
        ({"elsewhere": 1}, {}),
    ],
    ids=str,
)
def test_what_does_not_go_with_a_pinned_value_leaves_the_space(
    pinned: dict[str, Scalar], refused: dict[str, list[Scalar]]
) -> None:
    assert refused_options(SPACE, pinned, holds) == refused
    space = narrowed(SPACE, pinned, holds)
    assert space.pinned == pinned
    assert [each.domain for each in space.parameters if each.name == "game"] == (
        [Choice(("labels",))]
        if "game" in refused
        else [GAME.domain]
        if "game" not in pinned
        else []
    )


def test_what_can_then_never_exist_leaves_too() -> None:
    space = narrowed(SPACE, {"neighbours": True}, holds)
    assert [each for each in space.parameters if each.name == "penalty"] == [SOFT]
    assert all(holds(space.sample(random.Random(seed))) for seed in range(50))


def test_a_value_that_goes_with_nothing_strikes_nothing() -> None:
    assert narrowed(SPACE, {"penalty": "none"}, lambda _: False) == SPACE.fixed({"penalty": "none"})


def test_ranges_stay_whole() -> None:
    child = Parameter("child", Float(0.0, 1.0), when={"depth": (1.0,)})
    space = SearchSpace("ranges", (Parameter("depth", Float(1.0, 2.0)), child))
    assert narrowed(space, {"child": 0.5}, lambda _: False) == space.fixed({"child": 0.5})


def test_an_option_that_is_never_reached_is_not_judged() -> None:
    grandchild = Parameter("grandchild", Choice((1, 2)), when={"neighbours": (True,)})
    space = SearchSpace("deep", (*SPACE.parameters, grandchild))
    found = refused_options(space, {"grandchild": 1, "game": "critic"}, holds)
    assert found == {}


def test_options_that_never_go_are_not_laid_to_those_that_would() -> None:
    """A look ahead goes with neither clipping nor a slope: both leave, and all else stays."""
    clip = Parameter("clip", Choice((0, 1)))
    ahead = Parameter("ahead", Choice((0, 3)), when={"clip": (0,), "penalty": ("r1", "none")})
    space = SearchSpace("ahead", (GAME, SOFT, HARD, clip, ahead))

    def can_look_ahead(params: Mapping[str, Scalar]) -> bool:
        return params["clip"] == 0 and params.get("penalty") in ("r1", "none")

    found = refused_options(space, {"ahead": 3}, can_look_ahead)
    assert found == {"clip": [1], "penalty": ["slope"], "game": ["critic"]}
