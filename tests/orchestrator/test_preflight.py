from typing import Any

import pytest

from gan_models.config import GanConfig
from gan_models.errors import DataError, MetricError
from gan_models.samples import SampleKind, SampleSpec
from orchestrator.errors import ConfigError
from orchestrator.preflight import check_params, check_sweep, resolve_space
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
        ({"fixed": {"d_lr": [1, 2]}}, r"d_lr = \[1, 2\]: a fixed value is a text, number or"),
    ],
)
def test_a_space_that_cannot_be_meant_is_refused(sections: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve_space(make_config(**sections))


def test_a_sweep_that_can_be_carried_out_passes() -> None:
    assert check_sweep(make_config()).name == "ring8"


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"fixed": {"batch_size": 1}}, "batch_size = 1: must be at least 2"),
        ({"fixed": {"batch_size": 2.5}}, "batch_size = 2.5: must be of type int"),
        ({"fixed": {"d_lr": "1e-4"}}, "d_lr = '1e-4': must be of type float"),
        ({"fixed": {"d_loss": "hing"}}, "d_loss = 'hing': did you mean 'hinge'?"),
        ({"fixed": {"network": "dcgan"}}, "dcgan.*point"),
        ({"space": {"d_steps": {"integer": [0, 3]}, "network": "mlp"}}, "d_steps = 0: must be at"),
    ],
)
def test_a_sweep_with_an_impossible_proposal_is_refused(
    sections: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        check_sweep(make_config(**sections))


def test_data_that_does_not_exist_is_refused() -> None:
    with pytest.raises(DataError, match="/nowhere/images: does not exist"):
        check_sweep(make_config(data={"path": "/nowhere/images"}))


def test_features_that_do_not_fit_the_data_are_refused() -> None:
    with pytest.raises(MetricError, match="features = 'classifier': only for images"):
        check_sweep(make_config(evaluation={"features": "classifier"}))
    with pytest.raises(MetricError, match="features = 'inception': allowed"):
        check_sweep(make_config(evaluation={"features": "inception"}))


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
