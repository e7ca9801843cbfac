import random

import pytest

from gan_models.config import (
    AUGMENT_NAMES,
    CONDITIONING_NAMES,
    LOSS_NAMES,
    MINIBATCH_NAMES,
    NETWORK_NAMES,
    PENALTY_NAMES,
    SCHEDULE_NAMES,
    UNCENTRED_LOSS_NAMES,
    GanConfig,
    parameter_docs,
)
from search_spaces.combined import EVERY_TECHNIQUE
from search_spaces.domains import Scalar
from search_spaces.space import SearchSpace

SPACE = SearchSpace("all", EVERY_TECHNIQUE)
PROPOSALS = [SPACE.sample(random.Random(seed)) for seed in range(1000)]
LEFT_TO_THE_SPEC = {"batch_size", "beta2", "g_steps", "lr_floor", "precision", "round_unit"}


def test_every_technique_varies_and_what_the_machine_or_the_budget_asks_for_does_not() -> None:
    assert set(parameter_docs()) - set(SPACE.names) == LEFT_TO_THE_SPEC


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("network", NETWORK_NAMES),
        ("d_loss", set(LOSS_NAMES) - {"minimax"}),  # D's is that of non-saturating
        ("g_loss", LOSS_NAMES),
        ("penalty", PENALTY_NAMES),
        ("conditioning", CONDITIONING_NAMES),
        ("minibatch", MINIBATCH_NAMES),
        ("augment", AUGMENT_NAMES),
        ("lr_schedule", SCHEDULE_NAMES),
    ],
)
def test_every_kind_can_be_chosen(name: str, options: set[str]) -> None:
    assert {params[name] for params in PROPOSALS} == set(options)


@pytest.mark.parametrize("batch_size", [32, 64, 96])
def test_nothing_is_proposed_that_is_refused(batch_size: int) -> None:
    for params in PROPOSALS:
        GanConfig.from_params({**params, "batch_size": batch_size})


def test_what_excludes_each_other_is_never_on_at_once() -> None:
    for params in PROPOSALS:
        for name in ("pack", "replay_frac"):
            assert params["conditioning"] == "none" or name not in params
        if params.get("unroll_steps"):
            assert params["d_orthogonal"] == params["grad_clip_norm"] == 0.0
            assert params["penalty"] in ("r1", "none")
        if params["augment"] == "ada":
            assert params["d_loss"] not in UNCENTRED_LOSS_NAMES
        if params["minibatch"] == "discrimination":
            assert params["penalty"] not in ("gradient-penalty", "dragan")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"conditioning": "projection"}, {"unroll_steps": 1}),
        ({"network": "r3gan"}, {"pack": 4}),
        ({"minibatch": "discrimination"}, {"penalty": "r1+r2"}),
        ({"augment": "ada"}, {"replay_frac": 0.5}),
        ({"d_loss": "relativistic"}, {"consistency_weight": 10.0}),
        ({"spectral_norm": True}, {"unroll_steps": 5}),
    ],
    ids=str,
)
def test_what_goes_together_is_proposed_together(
    one: dict[str, Scalar], other: dict[str, Scalar]
) -> None:
    assert any({**params, **one, **other} == params for params in PROPOSALS)
