import math
from collections import Counter

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import create_trial

from orchestrator.sampling.distributions import optuna_name, suggest, to_distribution
from search_spaces.domains import Choice, Domain, Float, Integer, Scalar
from search_spaces.parameter import Parameter

optuna.logging.set_verbosity(optuna.logging.WARNING)


def draw(domain: Domain, count: int, seed: int = 0) -> list[Scalar]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return [suggest(study.ask(), Parameter("x", domain)) for _ in range(count)]


@pytest.mark.parametrize(
    ("domain", "distribution"),
    [
        (Float(0, 1), FloatDistribution(0, 1)),
        (Float(1e-5, 1e-2, log=True), FloatDistribution(1e-5, 1e-2, log=True)),
        (Integer(1, 4), IntDistribution(1, 4)),
        (Integer(1, 64, log=True), IntDistribution(1, 64, log=True)),
        (Choice(("dcgan", True, 3)), CategoricalDistribution(("dcgan", True, 3))),
    ],
)
def test_each_domain_has_its_distribution(domain: Domain, distribution: BaseDistribution) -> None:
    assert to_distribution(domain) == distribution


@pytest.mark.parametrize(
    ("domain", "ends"),
    [
        (Float(0.25, 0.5), (0.25, 0.5)),
        (Float(1e-5, 1e-2, log=True), (1e-5, 1e-2)),
        (Integer(1, 4), (1, 4)),
        (Integer(3, 100, log=True), (3, 100)),
    ],
)
def test_optuna_accepts_both_ends_as_a_trial_had_them(
    domain: Domain, ends: tuple[float, float]
) -> None:
    for end in ends:
        trial = create_trial(
            value=0.0, params={"x": end}, distributions={"x": to_distribution(domain)}
        )
        assert trial.params == {"x": end}


@pytest.mark.parametrize("domain", [Integer(1, 4), Integer(1, 4, log=True)])
def test_integers_reach_both_ends_and_nothing_else(domain: Domain) -> None:
    assert set(draw(domain, 300)) == {1, 2, 3, 4}


def test_log_integers_are_drawn_as_our_own_sampling_draws_them() -> None:
    counts, total = Counter(draw(Integer(1, 4, log=True), 3000)), math.log(4.5 / 0.5)
    for value in range(1, 5):
        expected = math.log((value + 0.5) / (value - 0.5)) / total
        assert counts[value] / 3000 == pytest.approx(expected, abs=0.03)


def test_floats_come_close_to_both_ends() -> None:
    linear = [float(value) for value in draw(Float(2, 3), 1000)]
    assert min(linear) < 2.01
    assert max(linear) > 2.99
    decades = [math.log10(value) for value in draw(Float(1e-4, 1e-2, log=True), 1000)]  # type: ignore[arg-type]
    assert min(decades) < -3.98
    assert max(decades) > -2.02
    assert sum(decades) / 1000 == pytest.approx(-3, abs=0.06)


@settings(max_examples=30)
@given(st.floats(1e-9, 1e9), st.floats(1, 1 + 1e-12), st.booleans(), st.integers(0, 99))
def test_a_float_never_leaves_its_bounds_by_a_rounding(
    low: float, factor: float, log: bool, seed: int
) -> None:
    domain = Float(low, low * factor, log=log)
    assert all(domain.contains(value) for value in draw(domain, 5, seed))


@pytest.mark.parametrize(
    ("domain", "kind"),
    [(Float(0, 1), float), (Integer(1, 9, log=True), int), (Choice((True, "a", 2)), object)],
)
def test_values_are_plain_python(domain: Domain, kind: type) -> None:
    assert {type(value) for value in draw(domain, 50)} <= {float, int, bool, str}
    assert all(kind is object or type(value) is kind for value in draw(domain, 50))


def test_a_conditional_declaration_gets_a_name_of_its_own() -> None:
    options = Choice(("r1", "none"))
    assert optuna_name(Parameter("penalty", options)) == "penalty"
    one = Parameter("penalty", options, when={"d_loss": ("hinge", "minimax"), "fast": (True,)})
    assert optuna_name(one) == "penalty@d_loss=hinge|minimax,fast=true"


def test_one_name_with_two_domains_can_live_in_one_study() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    soft = Parameter("penalty", Choice(("r1", "none")), when={"d_loss": ("hinge",)})
    hard = Parameter("penalty", Choice(("gp",)), when={"d_loss": ("wasserstein",)})
    for declared in (soft, hard, soft):
        assert declared.domain.contains(suggest(study.ask(), declared))
