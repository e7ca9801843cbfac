import math
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.domains import Choice, Domain, Float, Integer, describe_value
from search_spaces.domains import domain_from_mapping as read
from search_spaces.errors import SpaceError


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (Float(0.5, 2), [0.5, 1, 2.0], [0.49, 2.01, math.nan, math.inf, "1", True, None]),
        (Integer(1, 3), [1, 2, 3], [0, 4, 2.0, True, "2", None]),
        (Choice(("a", 1, False)), ["a", 1, False], ["b", True, 0, 1.0, None]),
    ],
)
def test_bounds_are_inclusive_and_types_strict(
    domain: Domain, inside: list[Any], outside: list[Any]
) -> None:
    assert all(domain.contains(value) for value in inside)
    assert not any(domain.contains(value) for value in outside)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Float(2, 1), "low = 2 must not exceed high = 1"),
        (lambda: Float(0, 1, log=True), "low = 0 must be above 0 where log is true"),
        (lambda: Float(0, math.inf), "high = inf must be a finite number"),
        (lambda: Float(math.nan, 1), "low = nan must be a finite number"),
        (lambda: Float("1e-5", 1), "YAML reads it as text, write 1.0e-5 rather than 1e-5"),  # type: ignore[arg-type]
        (lambda: Float(True, 2), "low = True must be a finite number"),
        (lambda: Float(0, 1, log="yes"), "log = 'yes' must be true or false"),  # type: ignore[arg-type]
        (lambda: Integer(1, 2.0), "high = 2.0 must be a whole number"),  # type: ignore[arg-type]
        (lambda: Integer(3, 1), "low = 3 must not exceed high = 1"),
        (lambda: Integer(0, 4, log=True), "low = 0 must be at least 1 where log is true"),
        (lambda: Integer(1, 4, log=1), "log = 1 must be true or false"),  # type: ignore[arg-type]
        (lambda: Choice(()), "must be a list of values"),
        (lambda: Choice("dcgan"), "options = 'dcgan' must be a list of values"),  # type: ignore[arg-type]
        (lambda: Choice((1, True)), "True equals an option before it"),
        (lambda: Choice((None,)), "None must be a text, a number, true or false"),  # type: ignore[arg-type]
    ],
)
def test_impossible_domains_are_refused(build: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        build()


def test_a_text_that_is_no_number_gets_no_hint_about_yaml() -> None:
    with pytest.raises(SpaceError, match="'low' must be a finite number$"):
        Float("low", 1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("domain", "text"),
    [
        (Float(1e-5, 1e-2, log=True), "1e-05 … 0.01 (log)"),
        (Float(0, 1), "0 … 1"),
        (Integer(1, 4), "1 … 4, whole"),
        (Integer(64, 512, log=True), "64 … 512, whole (log)"),
        (Choice(("dcgan", True, 3)), "dcgan | true | 3"),
    ],
)
def test_domains_describe_themselves(domain: Domain, text: str) -> None:
    assert domain.describe() == text


@given(st.floats(1e-9, 1e9), st.floats(1e-9, 1e9), st.booleans(), st.integers())
def test_a_float_sample_lies_within(a: float, b: float, log: bool, seed: int) -> None:
    domain = Float(min(a, b), max(a, b), log=log)
    assert domain.contains(domain.sample(random.Random(seed)))


@pytest.mark.parametrize("log", [False, True])
def test_integer_samples_reach_both_ends(log: bool) -> None:
    rng = random.Random(0)
    drawn = {Integer(1, 4, log=log).sample(rng) for _ in range(300)}
    assert drawn == {1, 2, 3, 4}


def test_log_integers_weigh_their_interval_on_the_log_scale() -> None:
    rng, domain, n = random.Random(0), Integer(1, 4, log=True), 20_000
    counts = Counter(domain.sample(rng) for _ in range(n))
    total = math.log(4.5 / 0.5)
    for value in range(1, 5):
        expected = math.log((value + 0.5) / (value - 0.5)) / total
        assert counts[value] / n == pytest.approx(expected, abs=0.015)


def test_log_floats_have_their_median_at_the_geometric_mean() -> None:
    rng, domain = random.Random(0), Float(1e-4, 1e-2, log=True)
    below = sum(domain.sample(rng) < 1e-3 for _ in range(4000))
    assert below / 4000 == pytest.approx(0.5, abs=0.03)


def test_every_option_is_drawn() -> None:
    rng = random.Random(0)
    assert {Choice(("a", "b", True)).sample(rng) for _ in range(50)} == {"a", "b", True}


@pytest.mark.parametrize(
    "domain",
    [Float(0, 1), Float(1e-5, 1, log=True), Integer(1, 2), Integer(1, 9, log=True), Choice((1,))],
)
def test_a_domain_survives_its_plain_form(domain: Domain) -> None:
    assert read(domain.to_mapping()) == domain


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "give exactly one of choice, float, integer"),
        ({"float": [0, 1], "choice": ["a"]}, "give exactly one of"),
        ({"flaot": [0, 1]}, "unknown key 'flaot': did you mean 'float'"),
        ({"float": [0]}, r"float: \[0\] must be \[low, high\]"),
        ({"float": 1.0}, "float: 1.0 must be a list"),
        ({"choice": "dcgan"}, "choice: 'dcgan' must be a list"),
        ({"choice": ["a"], "log": True}, "'log' belongs to float and integer only"),
        ({"integer": [1, 2], "log": 3}, "log = 3 must be true or false"),
    ],
)
def test_a_plain_form_that_cannot_be_meant_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        read(values)


def test_values_are_written_as_a_spec_writes_them() -> None:
    assert [describe_value(value) for value in (True, "hinge", 0.001)] == ["true", "hinge", "0.001"]
