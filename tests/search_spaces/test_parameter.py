from typing import Any

import pytest

from search_spaces.domains import Choice, Float
from search_spaces.errors import SpaceError
from search_spaces.parameter import Parameter

UNIT = Float(0, 1)


def test_without_a_condition_it_always_exists() -> None:
    assert Parameter("x", UNIT).exists_under({})


def test_it_exists_where_every_parent_has_a_named_value() -> None:
    parameter = Parameter("x", UNIT, when={"a": (1, 2), "b": (True,)})
    assert parameter.exists_under({"a": 2, "b": True})
    assert not parameter.exists_under({"a": 3, "b": True})
    assert not parameter.exists_under({"a": 1})
    assert not parameter.exists_under({"a": True, "b": True})  # True is not 1 here


@pytest.mark.parametrize(
    ("one", "other", "exclusive"),
    [
        ({"a": (1,)}, {"a": (2,)}, True),
        ({"a": (1,), "b": (1,)}, {"a": (1,), "b": (2,)}, True),
        ({"a": (1, 2)}, {"a": (2, 3)}, False),
        ({"a": (1,)}, {"b": (1,)}, False),
        ({"a": (1,)}, {}, False),
    ],
)
def test_exclusion_needs_a_parent_without_a_common_value(
    one: dict[str, Any], other: dict[str, Any], exclusive: bool
) -> None:
    first, second = Parameter("x", UNIT, when=one), Parameter("x", UNIT, when=other)
    assert first.excludes(second) is exclusive
    assert second.excludes(first) is exclusive


def test_the_condition_is_told_in_words() -> None:
    parameter = Parameter("x", UNIT, when={"penalty": ("r1", "none"), "spectral_norm": (True,)})
    assert parameter.describe_condition() == "penalty is r1 or none and spectral_norm is true"
    assert Parameter("x", UNIT).describe_condition() == ""


def test_conditions_are_added_and_replaced() -> None:
    parameter = Parameter("x", UNIT, why="to see", when={"a": (1,), "b": (2,)})
    assert parameter.under(b=(3,), c=(4,)) == Parameter(
        "x", UNIT, why="to see", when={"a": (1,), "b": (3,), "c": (4,)}
    )
    assert parameter.when == {"a": (1,), "b": (2,)}


@pytest.mark.parametrize("name", ["", "d-lr", "2x", 3])
def test_a_name_must_be_an_identifier(name: Any) -> None:
    with pytest.raises(SpaceError, match="a name has letters, digits and _ only"):
        Parameter(name, UNIT)


@pytest.mark.parametrize("values", [(), "r1", (None,), (("r1",),)])
def test_conditions_name_plain_values(values: Any) -> None:
    with pytest.raises(SpaceError, match=r"x: when.penalty = .* must be plain values"):
        Parameter("x", UNIT, when={"penalty": values})


def test_one_value_in_a_spec_stands_for_a_list_of_one() -> None:
    values = {"float": [0, 1], "when": {"penalty": "r1"}, "why": "to see"}
    assert Parameter.from_mapping("x", values) == Parameter(
        "x", UNIT, why="to see", when={"penalty": ("r1",)}
    )


def test_a_parameter_survives_its_plain_form() -> None:
    parameter = Parameter("x", Choice((1, 2)), why="to see", when={"a": (1, True), "b": ("c",)})
    assert Parameter.from_mapping("x", parameter.to_mapping()) == parameter


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"float": [2, 1]}, r"space\.d_lr: float: low = 2 must not exceed"),
        ({"float": [0, 1], "when": "r1"}, r"space\.d_lr\.when: 'r1' must map"),
        ({"float": [0, 1], "whne": {}}, r"space\.d_lr: unknown key 'whne'"),
    ],
)
def test_errors_name_the_place_in_the_spec(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        Parameter.from_mapping("d_lr", values)
