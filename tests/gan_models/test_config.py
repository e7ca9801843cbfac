from dataclasses import FrozenInstanceError, fields, replace
from math import inf, nan
from typing import Any

import pytest

from gan_models.config import (
    AUGMENTATION_NAMES,
    LOSS_NAMES,
    NETWORK_NAMES,
    PENALTY_NAMES,
    GanConfig,
    check_value,
    parameter_docs,
)
from gan_models.errors import ParameterError
from gan_models.networks.registry import ARCHITECTURES
from gan_models.objectives.judgement import PENALTIES
from gan_models.objectives.losses import OBJECTIVES


def test_parameters_survive_the_round_trip() -> None:
    config = GanConfig(network="mlp", d_lr=1e-3, d_steps=5, spectral_norm=True)

    assert GanConfig.from_params(config.to_params()) == config


def test_what_is_not_named_keeps_its_default() -> None:
    assert GanConfig.from_params({"width": 8}) == GanConfig(width=8)
    assert GanConfig.from_params({}).width == GanConfig().width


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        GanConfig().width = 8  # type: ignore[misc]


def test_an_unknown_parameter_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ParameterError, match="unknown parameter 'd_lrr': did you mean 'd_lr'?"):
        GanConfig.from_params({"d_lrr": 1e-3})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("width", 3, "width = 3: must be at least 4"),
        ("batch_size", 1, "batch_size = 1: must be at least 2"),
        ("d_steps", 0, "d_steps = 0: must be at least 1"),
        ("r1_gamma", -0.1, "r1_gamma = -0.1: must be at least 0.0"),
        ("d_lr", 0.0, "d_lr = 0.0: must be greater than 0.0"),
        ("beta1", 1.0, "beta1 = 1.0: must be less than 1.0"),
        ("g_lr", nan, "g_lr = nan: must be greater than 0.0"),
        ("r1_gamma", nan, "r1_gamma = nan: must be at least 0.0"),
        ("gp_weight", inf, "gp_weight = inf: must be finite"),
        ("width", 64.0, "width = 64.0: must be of type int"),
        ("width", True, "width = True: must be of type int"),
        ("d_lr", True, "d_lr = True: must be of type float"),
        ("d_lr", "2e-4", "d_lr = '2e-4': must be of type float"),
        ("spectral_norm", 1, "spectral_norm = 1: must be of type bool"),
        ("d_loss", None, "d_loss = None: must be of type str"),
        ("d_loss", "hing", "d_loss = 'hing': did you mean 'hinge'? allowed: hinge, least-squares"),
        ("penalty", "r3", "penalty = 'r3': allowed: dragan, gradient-penalty, none, r1, r1+r2, r2"),
        ("lr_floor", 1.5, "lr_floor = 1.5: must be at most 1.0"),
        ("real_label_smoothing", 0.5, "real_label_smoothing = 0.5: must be less than 0.5"),
        ("network", "vit", "network = 'vit': allowed: dcgan, mlp, r3gan, resnet, style"),
        ("generator_norm", "layer", "generator_norm = 'layer': allowed: batch, none"),
        ("round_unit", "kimg", "round_unit = 'kimg': allowed: epochs, steps"),
        ("pack", 5, "pack = 5: must be at most 4"),
        ("unroll_steps", 9, "unroll_steps = 9: must be at most 8"),
        ("replay_frac", 1.0, "replay_frac = 1.0: must be less than 1.0"),
        ("d_width", 3, "d_width = 3: must be 0 or at least 4"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_allowed(
    name: str, value: Any, message: str
) -> None:
    with pytest.raises(ParameterError) as refusal:
        GanConfig.from_params({name: value})
    with pytest.raises(ParameterError) as alone:
        check_value(name, value)

    assert str(refusal.value) == str(alone.value)
    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"d_loss": "relativistic"},
            "d_loss = 'relativistic' with g_loss = 'non-saturating': pairs of samples",
        ),
        (
            {"d_loss": "hinge", "g_loss": "relativistic"},
            "d_loss = 'hinge' with g_loss = 'relativistic': pairs of samples",
        ),
        (
            {"d_loss": "wasserstein", "g_loss": "minimax"},
            "d_loss = 'wasserstein' with g_loss = 'minimax': a critic gives values, not labels",
        ),
        (
            {"d_loss": "wasserstein", "g_loss": "wasserstein", "penalty": "none"},
            "d_loss = 'wasserstein' with penalty = 'none': nothing keeps the critic Lipschitz",
        ),
        (
            {"d_loss": "hinge", "real_label_smoothing": 0.1},
            "real_label_smoothing = 0.1 with d_loss = 'hinge': it has no labels",
        ),
        (
            {"lr_schedule": "cosine"},
            "lr_decay_kimg = 0.0 with lr_schedule = 'cosine': must be greater than lr_warmup_kimg",
        ),
    ],
)
def test_what_cannot_work_together_is_refused_with_both_values(
    params: dict[str, Any], message: str
) -> None:
    for name, value in params.items():
        check_value(name, value)
    with pytest.raises(ParameterError) as refusal:
        GanConfig.from_params(params)

    assert str(refusal.value).startswith(message)


@pytest.mark.parametrize("d_loss", ["wasserstein", "relativistic"])
def test_ada_is_refused_where_the_sign_of_a_logit_says_nothing(d_loss: str) -> None:
    with pytest.raises(
        ParameterError, match=f"augment = 'ada' with d_loss = '{d_loss}': it adapts"
    ):
        GanConfig(d_loss=d_loss, g_loss=d_loss, penalty="r1", augment="ada")


def test_a_policy_says_which_augmentations_there_are() -> None:
    assert GanConfig(augment_policy="cutout+flip").augmentations == ("cutout", "flip")
    assert GanConfig(augment="ada").augmentations == AUGMENTATION_NAMES
    with pytest.raises(ParameterError, match="augment_policy = 'flip[+]colr': must be auto, or"):
        GanConfig(augment_policy="flip+colr")


@pytest.mark.parametrize(
    "params", [{"penalty": "gradient-penalty"}, {"weight_clip": 0.01}, {"spectral_norm": True}]
)
def test_each_lipschitz_constraint_is_enough_for_a_critic(params: dict[str, Any]) -> None:
    critic = {"d_loss": "wasserstein", "g_loss": "wasserstein", "penalty": "none"}

    assert GanConfig.from_params(critic | params).d_loss == "wasserstein"


def test_an_unknown_name_has_no_value_to_check() -> None:
    with pytest.raises(ParameterError, match="unknown parameter 'd_lrr': did you mean 'd_lr'?"):
        check_value("d_lrr", 1e-3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("width", 4),
        ("depth", 1),
        ("latent_dim", 1),
        ("batch_size", 2),
        ("r1_gamma", 0.0),
        ("ema_half_life_kimg", 0.0),
        ("beta1", 0.0),
        ("gp_weight", 10),
    ],
)
def test_the_edge_of_a_range_belongs_to_it(name: str, value: Any) -> None:
    assert GanConfig.from_params({name: value}).to_params()[name] == value


def test_every_parameter_is_documented() -> None:
    docs = parameter_docs()

    assert list(docs) == [spec.name for spec in fields(GanConfig)] == list(GanConfig().to_params())
    assert all(docs.values())


def test_names_of_losses_penalties_and_networks_are_those_of_their_registries() -> None:
    assert set(LOSS_NAMES) == set(OBJECTIVES)
    assert set(PENALTY_NAMES) == set(PENALTIES)
    assert set(NETWORK_NAMES) == set(ARCHITECTURES)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"pack": 3, "batch_size": 64},
            "pack = 3: must divide batch_size = 64 into whole packs",
        ),
        (
            {"minibatch": "stddev", "minibatch_group": 6, "batch_size": 32, "pack": 2},
            "minibatch_group = 6: must divide the 16 that batch_size = 32 and pack = 2 leave, "
            "where minibatch = 'stddev'",
        ),
        (
            {"minibatch": "discrimination", "penalty": "gradient-penalty"},
            "minibatch = 'discrimination' with penalty = 'gradient-penalty': ",
        ),
        (
            {"unroll_steps": 2, "penalty": "gradient-penalty"},
            "unroll_steps = 2 with penalty = 'gradient-penalty': unrolled updates of D can have "
            "penalty none or r1",
        ),
        (
            {"replay_frac": 0.1, "batch_size": 8, "pack": 2},
            "replay_frac = 0.1: of batch_size = 8 that is less than the 2 that D judges together",
        ),
        (
            {"replay_frac": 0.5, "batch_size": 64, "replay_size": 31},
            "replay_size = 31: must hold the 32 fakes that replay_frac = 0.5 exchanges",
        ),
    ],
)
def test_an_impossible_combination_is_refused_with_both_values(
    params: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterError) as refusal:
        GanConfig.from_params(params)

    assert str(refusal.value).startswith(message)


def test_groups_that_nobody_asked_for_need_not_divide_the_batch() -> None:
    assert GanConfig(batch_size=6, minibatch_group=4).samples_judged_together == 1
    assert GanConfig(batch_size=6, replay_size=1).num_replayed == 0


def test_whole_packs_are_replayed_and_the_pool_holds_whole_exchanges() -> None:
    config = GanConfig(
        batch_size=24, pack=2, minibatch="stddev", minibatch_group=3, replay_frac=0.6
    )

    assert config.samples_judged_together == 6
    assert config.num_replayed == 12  # of 14 that 0.6 asks for
    assert replace(config, replay_size=50).replay_capacity == 48
