from dataclasses import replace
from typing import Any

import pytest

from gan_models.config import GanConfig
from gan_models.errors import DataError, MetricError
from gan_models.samples import Classes, SampleKind, SampleSpec
from orchestrator.errors import ConfigError, UsageError
from orchestrator.preflight import (
    check_given,
    check_gpu,
    check_params,
    check_sweep,
    known_recipes,
    open_measure,
    resolve_space,
)
from tests.orchestrator.scripted import make_config

DIGIT = SampleSpec(SampleKind.IMAGE, (1, 8, 8))


def test_a_named_space_is_resolved_with_its_fixed_values() -> None:
    space = resolve_space(make_config(fixed={"batch_size": 32, "width": 64}))
    assert space.pinned == {"network": "mlp", "batch_size": 32, "width": 64}
    assert "width" not in [each.name for each in space.parameters]


def test_an_inline_space_is_resolved() -> None:
    space = resolve_space(make_config(space={"network": "mlp", "d_lr": {"float": [0.001, 0.01]}}))
    assert space.names == ("network", "d_lr")


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"space": "ring9"}, "space = 'ring9': did you mean 'ring8'?"),
        ({"space": {"d_lrr": {"float": [0, 1]}}}, "space.d_lrr is no parameter: did you mean"),
        ({"space": {"d_lr": {"float": [1, 0]}}}, "space.d_lr: float: low = 1 must not exceed"),
        ({"space": {"d_lr": {"flaot": [0, 1]}}}, "space.d_lr: unknown key 'flaot': did you mean"),
        ({"fixed": {"batchsize": 64}}, "fixed.batchsize is no parameter: did you mean 'batch_size"),
        ({"fixed": {"d_lr": [1, 2]}}, r"^fixed.d_lr = \[1, 2\]: must be of type float$"),
        (
            {"fixed": {"d_lr": "1e-4"}},
            "^fixed.d_lr = '1e-4': .* float: YAML .* write 1.0e-4 rather",
        ),
        ({"fixed": {"d_lr": "fast"}}, "^fixed.d_lr = 'fast': must be of type float$"),
        ({"fixed": {"d_lr": -1}}, "^fixed.d_lr = -1: must be greater than 0.0$"),
        ({"fixed": {"batch_size": "1e2"}}, "^fixed.batch_size = '1e2': must be of type int$"),
        ({"space": {"d_lr": "2e3"}}, r"^space.d_lr = '2e3': .* write 2.0e\+3 rather than 2e3$"),
    ],
)
def test_a_space_that_cannot_be_meant_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_space(make_config(**sections))


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"widht": 8}, r"^search.begin_with\[1\].widht is no parameter: did you mean 'width'"),
        ({"d_lr": "1e-4"}, r"^search.begin_with\[1\].d_lr = '1e-4': .* write 1.0e-4 rather"),
        ({"d_lr": 9.0}, r"^search.begin_with\[1\]: d_lr = 9.0: allowed: "),
        (
            {"batch_size": 9},
            r"^search.begin_with\[1\]: batch_size = 9: this space does not vary it",
        ),
        ({"r1_gamma": 0.1}, r"^search.begin_with\[1\]: r1_gamma = 0.1: exists only where penalty"),
    ],
)
def test_a_recipe_that_the_space_does_not_hold_is_refused(
    known: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_space(make_config(search={"begin_with": [{"d_lr": 1e-3}, known]}))


@pytest.mark.parametrize("pack", [{"choice": [3]}, {"choice": [3, 1]}])
def test_the_recipes_to_begin_with_are_built_on_trial(pack: dict[str, Any]) -> None:
    """One batch in 2,001 is no whole number of packs, which random proposals would not meet."""
    batches = {"choice": [64, *range(3, 6003, 3)]}
    space, search = {"batch_size": batches, "pack": pack, "network": "mlp"}, {"trials": 2}
    check_sweep(make_config(space=space, search=search))
    recipes = [{"batch_size": 9}, {"batch_size": 64}]
    with pytest.raises(ConfigError, match=r"^search.begin_with\[1\]: pack = 3: must divide"):
        check_sweep(make_config(space=space, search={**search, "begin_with": recipes}))


def test_recipes_that_say_the_same_are_the_same() -> None:
    config = make_config(
        space={"network": "mlp", "r1_gamma": {"float": [0.5, 2]}},
        search={"begin_with": [{"r1_gamma": 1}, {"r1_gamma": 1.0}], "trials": 2},
    )
    recipes = known_recipes(config, resolve_space(config))
    assert [repr(each) for each in recipes] == ["{'r1_gamma': 1.0}"] * 2


def test_a_sweep_that_can_be_carried_out_passes() -> None:
    assert check_sweep(make_config()).name == "ring8"


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"fixed": {"batch_size": 1}}, "fixed.batch_size = 1: must be at least 2"),
        ({"fixed": {"batch_size": 2.5}}, "fixed.batch_size = 2.5: must be of type int"),
        ({"fixed": {"d_loss": "hing"}}, "fixed.d_loss = 'hing': did you mean 'hinge'?"),
        ({"fixed": {"network": "dcgan"}}, "dcgan.*point"),
        ({"space": {"d_steps": {"integer": [0, 3]}, "network": "mlp"}}, "d_steps = 0: must be at"),
    ],
)
def test_a_sweep_with_an_impossible_proposal_is_refused(
    sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_sweep(make_config(**sections))


def test_a_population_is_of_networks_of_one_shape() -> None:
    sections = {"search": {"trials": 4}, "scheduler": {"kind": "pbt", "interval_kimg": 1}}
    with pytest.raises(ConfigError) as error:
        check_sweep(make_config(**sections))
    assert str(error.value) == (
        "scheduler.kind = pbt: the space varies width, depth, latent_dim, but only trials with "
        "networks of one shape can take over each other's weights: pin each under fixed"
    )
    fixed = {"width": 16, "depth": 2, "latent_dim": 8}
    assert check_sweep(make_config(fixed=fixed, **sections)).name == "ring8"


def test_data_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DataError, match="/nowhere/images: does not exist"):
        check_sweep(make_config(data={"path": "/nowhere/images"}))


def test_features_that_do_not_fit_the_data_are_refused() -> None:
    with pytest.raises(MetricError, match="^evaluation.features = 'classifier': only for images"):
        check_sweep(make_config(evaluation={"features": "classifier"}))
    with pytest.raises(MetricError, match="^evaluation.features = 'inceptoin': did you mean"):
        check_sweep(make_config(evaluation={"features": "inceptoin"}))


def test_a_gpu_is_wanted_only_where_torch_sees_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    check_gpu("device = 'cuda'", remedy="go without")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.__version__", "2.9.0+cpu")
    expected = r"device = 'cuda': torch 2.9.0\+cpu sees no GPU on this machine: go without"
    with pytest.raises(UsageError, match=expected):
        check_gpu("device = 'cuda'", remedy="go without")


def test_a_metric_that_fails_for_another_reason_keeps_its_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise MetricError("/cache: cannot be written")

    monkeypatch.setattr("orchestrator.preflight.open_yardstick", broken)
    with pytest.raises(MetricError, match="^/cache: cannot be written$"):
        open_measure(make_config())


def test_given_values_are_refused_at_the_place_where_they_were_written() -> None:
    check_given({"d_lr": 1e-4, "d_loss": "hinge"}, "--param ")
    with pytest.raises(ConfigError, match="^--param widht is no parameter: did you mean 'width'"):
        check_given({"widht": 16}, "--param ")
    with pytest.raises(ConfigError, match="^--param width = 1: must be at least 4$"):
        check_given({"d_lr": 1e-4, "width": 1}, "--param ")


def test_one_proposal_is_checked_for_the_samples_that_it_must_make() -> None:
    gan = check_params({"network": "mlp", "width": 16}, DIGIT)
    assert gan == GanConfig(network="mlp", width=16)
    with pytest.raises(ConfigError, match="unknown parameter 'widht': did you mean 'width'?"):
        check_params({"widht": 16}, DIGIT)
    with pytest.raises(ConfigError, match="dcgan.*4"):
        check_params({"network": "dcgan"}, SampleSpec(SampleKind.IMAGE, (1, 4, 4)))


def test_networks_are_tried_without_memory_or_randomness() -> None:
    import torch

    before = torch.get_rng_state()
    check_params({"network": "mlp", "width": 100_000, "depth": 8}, DIGIT)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", ["concat", "projection", "auxiliary"])
def test_conditioning_needs_data_with_labels(kind: str) -> None:
    labelled = replace(DIGIT, classes=Classes(("0", "1"), (0.5, 0.5)))

    assert check_params({"conditioning": kind}, labelled).conditioning == kind
    with pytest.raises(ConfigError, match=f"conditioning = '{kind}' needs data with labels"):
        check_params({"conditioning": kind}, DIGIT)
