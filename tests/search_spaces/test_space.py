import random
from typing import Any

import pytest
import yaml

from search_spaces.domains import Choice, Float, Integer
from search_spaces.errors import SpaceError
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

D_LOSS = Parameter("d_loss", Choice(("hinge", "wasserstein")))
SOFT = Parameter("penalty", Choice(("r1", "none")), when={"d_loss": ("hinge",)})
HARD = Parameter("penalty", Choice(("gradient-penalty",)), when={"d_loss": ("wasserstein",)})
GAMMA = Parameter("r1_gamma", Float(0.01, 10, log=True), when={"penalty": ("r1",)})
D_LR = Parameter("d_lr", Float(1e-5, 1e-2, log=True))
SPACE = SearchSpace("toy", (D_LOSS, SOFT, HARD, GAMMA, D_LR))

HINGE = {"d_loss": "hinge", "penalty": "r1", "r1_gamma": 1.0, "d_lr": 1e-3}
CRITIC = {"d_loss": "wasserstein", "penalty": "gradient-penalty", "d_lr": 1e-3}


def space(*parameters: Parameter, **pinned: Any) -> SearchSpace:
    return SearchSpace("toy", parameters, pinned=pinned)


def test_a_name_is_listed_once_however_often_it_is_declared() -> None:
    assert SPACE.names == ("d_loss", "penalty", "r1_gamma", "d_lr")


def test_a_second_declaration_needs_an_exclusive_condition() -> None:
    with pytest.raises(SpaceError, match="'penalty' is declared twice: give .* no value in common"):
        space(D_LOSS, SOFT, Parameter("penalty", Choice(("r1",)), when={"d_loss": ("hinge",)}))
    with pytest.raises(SpaceError, match="'d_lr' is declared twice"):
        space(D_LR, D_LR)


def test_declarations_of_one_name_stand_together() -> None:
    with pytest.raises(SpaceError, match="'penalty': write its declarations next to each other"):
        space(D_LOSS, SOFT, D_LR, HARD)


def test_an_unknown_parent_is_refused_with_the_nearest_name() -> None:
    orphan = Parameter("x", Float(0, 1), when={"d_los": ("hinge",)})
    with pytest.raises(SpaceError, match="when.d_los is unknown; did you mean 'd_loss'"):
        space(D_LOSS, orphan)


@pytest.mark.parametrize(
    "parameters",
    [
        (SOFT, D_LOSS),
        (Parameter("a", Choice((1,)), when={"b": (1,)}), Parameter("b", Choice((1,)))),
        (
            Parameter("a", Choice((1,)), when={"b": (1,)}),
            Parameter("b", Choice((1,)), when={"a": (1,)}),
        ),
        (Parameter("a", Choice((1,)), when={"a": (1,)}),),
    ],
    ids=["later parent", "later parent", "cycle of two", "cycle of one"],
)
def test_later_parents_and_cycles_are_refused(parameters: tuple[Parameter, ...]) -> None:
    with pytest.raises(SpaceError, match="declare parents first, without cycles"):
        SearchSpace("toy", parameters)


def test_a_condition_that_can_never_hold_is_refused() -> None:
    with pytest.raises(SpaceError, match="when.d_loss = r2 can never hold; d_loss is hinge | was"):
        space(D_LOSS, Parameter("x", Float(0, 1), when={"d_loss": ("r2",)}))


def test_a_parameter_is_fixed_or_declared_not_both() -> None:
    with pytest.raises(SpaceError, match="'d_lr' is both fixed and declared"):
        space(D_LR, d_lr=0.1)


def test_a_fixed_value_is_plain() -> None:
    with pytest.raises(SpaceError, match=r"batch_size = \[64\]: a fixed value is"):
        SPACE.fixed({"batch_size": [64]})  # type: ignore[dict-item]


# proposing


def test_parameters_are_asked_for_from_the_top_and_only_where_they_exist() -> None:
    asked: list[str] = []

    def choose_first(parameter: Parameter) -> Any:
        asked.append(parameter.name)
        return getattr(parameter.domain, "options", [0.5])[0]

    assert SPACE.propose(choose_first)["penalty"] == "r1"
    assert asked == ["d_loss", "penalty", "r1_gamma", "d_lr"]


def test_samples_are_valid_and_reach_every_branch() -> None:
    drawn = [SPACE.sample(random.Random(seed)) for seed in range(100)]
    for params in drawn:
        SPACE.validate(params)
        is_critic = params["d_loss"] == "wasserstein"
        assert (params["penalty"] == "gradient-penalty") is is_critic
        assert ("r1_gamma" in params) is (params["penalty"] == "r1")
    assert {params["penalty"] for params in drawn} == {"r1", "none", "gradient-penalty"}


def test_active_declarations_are_those_that_exist() -> None:
    assert SPACE.active(HINGE) == (D_LOSS, SOFT, GAMMA, D_LR)
    assert SPACE.active(CRITIC) == (D_LOSS, HARD, D_LR)


# fixing


def test_a_fixed_parameter_leaves_the_space_and_joins_every_proposal() -> None:
    narrowed = SPACE.fixed({"d_lr": 1e-3})
    assert "d_lr" not in [each.name for each in narrowed.parameters]
    assert narrowed.sample(random.Random(0))["d_lr"] == 1e-3


def test_a_name_or_value_that_the_space_does_not_vary_is_recorded() -> None:
    params = SPACE.fixed({"batch_size": 64, "d_lr": 99.0}).sample(random.Random(0))
    assert (params["batch_size"], params["d_lr"]) == (64, 99.0)


def test_conditions_on_a_fixed_parent_are_resolved() -> None:
    critic = SPACE.fixed({"d_loss": "wasserstein"})
    assert critic.parameters == (Parameter("penalty", HARD.domain), D_LR)  # r1 can never be
    soft = SPACE.fixed({"penalty": "r1"})
    assert soft.parameters == (D_LOSS, Parameter("r1_gamma", GAMMA.domain), D_LR)


def test_conditions_keep_the_values_that_can_still_be() -> None:
    child = Parameter("x", Float(0, 1), when={"penalty": ("r1", "gradient-penalty")})
    narrowed = space(D_LOSS, SOFT, HARD, child).fixed({"d_loss": "hinge"})
    assert narrowed.parameters[-1].when == {"penalty": ("r1",)}


def test_a_fixed_value_no_branch_knows_ends_every_branch() -> None:
    assert SPACE.fixed({"d_loss": "exotic"}).parameters == (D_LR,)


def test_a_fixed_child_no_longer_depends_on_its_parent() -> None:
    pinned = SPACE.fixed({"r1_gamma": 2.0})
    assert all(pinned.sample(random.Random(seed))["r1_gamma"] == 2.0 for seed in range(20))


def test_options_that_are_struck_off_take_what_hangs_on_them_along() -> None:
    soft = SPACE.without("d_loss", ["wasserstein"])
    assert HARD not in soft.parameters
    assert SPACE.without("d_loss", ["hinge", "wasserstein"]).parameters == (D_LR,)


def test_only_choices_have_options_to_strike_off() -> None:
    assert SPACE.without("d_lr", [1e-3]) == SPACE


def test_fixing_adds_to_what_was_fixed() -> None:
    assert SPACE.fixed({"a": 1}).fixed({"b": 2, "a": 3}).pinned == {"a": 3, "b": 2}
    assert SPACE.pinned == {}


# validating


@pytest.mark.parametrize("params", [HINGE, CRITIC, {**HINGE, "d_lr": 1e-5}])
def test_complete_proposals_are_valid(params: dict[str, Any]) -> None:
    SPACE.validate(params)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({**HINGE, "d_lrr": 1}, "unknown parameter 'd_lrr': did you mean 'd_lr'"),
        ({**HINGE, "d_lr": 0.1}, r"d_lr = 0.1: allowed: 1e-05 … 0.01 \(log\)"),
        ({**HINGE, "d_lr": "1e-3"}, "d_lr = '1e-3': allowed"),
        ({"d_loss": "hinge", "penalty": "none"}, "parameter 'd_lr' is missing: 1e-05 … 0.01"),
        ({**HINGE, "penalty": "gradient-penalty"}, "penalty = 'gradient-penalty': allowed: r1 | n"),
        ({**CRITIC, "r1_gamma": 1.0}, "r1_gamma = 1.0: exists only where penalty is r1"),
        ({"penalty": "r1", "d_lr": 0.01}, "parameter 'd_loss' is missing: hinge | wasserstein"),
    ],
)
def test_invalid_proposals_are_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SPACE.validate(params)


@pytest.mark.parametrize(
    "known", [{}, {"d_lr": 1e-3}, {"d_loss": "wasserstein"}, {"d_loss": "hinge", "penalty": "none"}]
)
def test_what_is_known_is_held_by_every_proposal(known: dict[str, Any]) -> None:
    assert SPACE.part(known) == known
    drawn = [SPACE.sample(random.Random(seed), known) for seed in range(20)]
    for params in drawn:
        SPACE.validate(params)
        assert params | known == params
    assert len({str(params) for params in drawn}) > 1  # the rest varies


def test_what_is_known_takes_the_form_that_the_space_has() -> None:
    momentum, factor = Parameter("beta1", Choice((0.0, 0.5))), Parameter("k", Choice((1, 0.5)))
    flag, rate = Parameter("flag", Choice((False, True))), Parameter("rate", Float(0, 2))
    part = space(momentum, factor, flag, rate).part({"beta1": 0, "k": 1.0, "flag": True, "rate": 1})
    assert {name: repr(value) for name, value in part.items()} == {
        "beta1": "0.0",
        "k": "1",
        "flag": "True",
        "rate": "1.0",
    }


def test_what_is_known_may_repeat_what_is_fixed() -> None:
    assert SPACE.fixed({"batch_size": 64}).part({"batch_size": 64, "d_lr": 1e-3}) == {"d_lr": 1e-3}


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"d_lrr": 1}, "d_lrr = 1: this space does not vary it: did you mean 'd_lr'"),
        ({"d_lr": 0.1}, r"d_lr = 0.1: allowed: 1e-05 … 0.01 \(log\)"),
        ({"d_lr": 10**400}, "d_lr = 10+: allowed: 1e-05"),
        ({"penalty": "r1"}, "penalty = 'r1': exists only where .* wasserstein: name that beside"),
        ({"r1_gamma": 1.0}, "r1_gamma = 1.0: exists only where penalty is r1: name that beside it"),
        (
            {"d_loss": "hinge", "penalty": "none", "r1_gamma": 1.0},
            "r1_gamma = 1.0: exists only where penalty is r1$",
        ),
        ({"d_loss": "wasserstein", "penalty": "r1"}, "penalty = 'r1': allowed: gradient-penalty$"),
        ({"batch_size": 32}, "batch_size = 32: fixed to 64 in this space$"),
    ],
)
def test_what_no_proposal_can_hold_is_refused(known: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SPACE.fixed({"batch_size": 64}).part(known)


def test_both_places_of_a_name_are_told() -> None:
    mode = Parameter("mode", Choice(("a", "b", "c")))
    size_a = Parameter("size", Integer(1, 2), when={"mode": ("a",)})
    size_b = Parameter("size", Integer(3, 4), when={"mode": ("b",)})
    with pytest.raises(SpaceError, match="exists only where mode is a, or where mode is b"):
        space(mode, size_a, size_b).validate({"mode": "c", "size": 1})


@pytest.mark.parametrize(
    ("params", "message"),
    [(HINGE, "'batch_size' is missing: fixed to 64"), ({"batch_size": 32}, "= 32: fixed to 64")],
)
def test_a_fixed_value_must_be_there(params: dict[str, Any], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SPACE.fixed({"batch_size": 64}).validate(params)


# fingerprint and plain form


def test_the_fingerprint_is_stable() -> None:
    assert SPACE.fingerprint == "fef91f0af5d7"


@pytest.mark.parametrize(
    "other",
    [
        space(D_LR, D_LOSS, SOFT, HARD, GAMMA),
        space(D_LOSS, SOFT, HARD, GAMMA),
        SPACE.fixed({"batch_size": 64}),
        space(Parameter("d_loss", Choice(("wasserstein", "hinge"))), SOFT, HARD, GAMMA, D_LR),
    ],
    ids=["order of parameters", "one fewer", "a fixed value", "order of options"],
)
def test_what_moves_a_proposal_moves_the_fingerprint(other: SearchSpace) -> None:
    assert other.fingerprint != SPACE.fingerprint


def test_names_reasons_and_the_order_of_conditions_do_not() -> None:
    said = Parameter("d_loss", D_LOSS.domain, why="for a reason")
    assert SearchSpace("other", (said, SOFT, HARD, GAMMA, D_LR)).fingerprint == SPACE.fingerprint
    one = SPACE.fixed({"a": 1, "b": 2})
    assert one.fingerprint == SPACE.fixed({"b": 2, "a": 1}).fingerprint


def test_an_inline_space_of_a_spec_is_read() -> None:
    text = """
      network: {choice: [dcgan, mlp], why: to compare}
      batch_size: 64
      penalty: {choice: [r1, none]}
      d_lr: {float: [1.0e-5, 1.0e-2], log: true}
      r1_gamma: {float: [0.01, 10], log: true, when: {penalty: r1}}
      width:
        - {integer: [16, 64], when: {network: dcgan}}
        - {choice: [128, 256], when: {network: [mlp]}}
    """
    read = SearchSpace.from_mapping(yaml.safe_load(text))
    assert read.pinned == {"batch_size": 64}
    assert read.parameters == (
        Parameter("network", Choice(("dcgan", "mlp")), why="to compare"),
        Parameter("penalty", Choice(("r1", "none"))),
        Parameter("d_lr", Float(1e-5, 1e-2, log=True)),
        Parameter("r1_gamma", Float(0.01, 10, log=True), when={"penalty": ("r1",)}),
        Parameter("width", Integer(16, 64), when={"network": ("dcgan",)}),
        Parameter("width", Choice((128, 256)), when={"network": ("mlp",)}),
    )


def test_a_space_survives_its_plain_form() -> None:
    original = SPACE.fixed({"batch_size": 64})
    text = yaml.safe_dump(original.to_mapping(), sort_keys=False)
    read = SearchSpace.from_mapping(yaml.safe_load(text), name="toy")
    assert read == original


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "must map parameter names to domains"),
        ([1], "must map parameter names to domains"),
        ({"d_lr": [0.1, 0.2]}, r"space\.d_lr = \[0.1, 0.2\]: must be a domain such as"),
        ({"d_lr": []}, r"space\.d_lr = \[\]: must be a domain"),
        ({"d_lr": None}, r"space\.d_lr = None: must be a domain"),
        ({"d_lr": {"float": ["1e-5", 1]}}, r"space\.d_lr: float: low = '1e-5' .*1\.0e-5"),
        ({"x": {"float": [0, 1], "when": {"penalty": "r1"}}}, "when.penalty is unknown"),
    ],
)
def test_an_inline_space_that_cannot_be_meant_is_refused(values: Any, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        SearchSpace.from_mapping(values)
