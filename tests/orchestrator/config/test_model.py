import pytest
from pydantic import ValidationError

from orchestrator.config.load import build_config
from orchestrator.config.model import BudgetConfig, EvaluationConfig, SweepConfig
from orchestrator.errors import ConfigError

SPEC = {"name": "points", "data": {"name": "ring8"}, "space": "ring8"}


def test_a_spec_needs_only_a_name_data_and_a_space() -> None:
    config = build_config(SPEC)
    assert (config.search.sampler, config.search.trials, config.search.seed) == ("tpe", 16, 0)
    assert (config.budget.kimg_per_trial, config.budget.max_hours) == (250.0, None)
    assert (config.evaluation.every_kimg, config.evaluation.samples) == (10.0, 2000)
    assert (config.scheduler.kind, config.scheduler.reduction) == ("asha", 3)
    assert (config.scheduler.grace_nimg, config.scheduler.tie_sds) == (30_000, 2.0)
    assert config.scheduler.min_trials == 5
    assert (config.scheduler.interval_nimg, config.scheduler.quantile) == (25_000, 0.25)
    assert config.scheduler.significant_sds == 2.0
    assert (config.selection.finalists, config.selection.seeds) == (3, 7)
    assert (config.selection.snapshots, config.selection.retrain_seeds) == (12, 0)
    assert config.selection.diversity.coverage == 0.6
    assert (config.balance.adapt, config.balance.rollbacks) == (False, 0)
    assert (config.balance.min_d_per_g, config.balance.max_d_per_g) == (0.25, 4.0)
    assert (config.resources.concurrent, config.backend) == ("auto", "ray")


def test_a_configuration_is_frozen_at_every_depth() -> None:
    config = build_config(SPEC)
    with pytest.raises(ValidationError, match="frozen"):
        config.name = "other"
    with pytest.raises(ValidationError, match="frozen"):
        config.search.trials = 1


def test_thousands_of_images_become_whole_images() -> None:
    assert BudgetConfig(kimg_per_trial=0.5).nimg_per_trial == 500
    assert BudgetConfig(kimg_per_trial=1.2345).nimg_per_trial == 1234
    assert EvaluationConfig(every_kimg=0.001).every_nimg == 1


def test_the_source_is_read_from_the_data_section() -> None:
    source = SweepConfig.model_validate(SPEC).source
    assert (source.name, source.path) == ("ring8", None)


def test_memory_of_a_gpu_is_not_asked_for_without_one() -> None:
    with pytest.raises(ConfigError, match=r"gpu_memory_gib_per_trial = 8: asks for memory of a"):
        build_config(SPEC | {"resources": {"gpu_memory_gib_per_trial": 8}})


@pytest.mark.parametrize("concurrent", ["auto", 1, 8])
def test_trials_at_once_are_counted_or_left_to_the_cluster(concurrent: int | str) -> None:
    config = build_config(SPEC | {"resources": {"concurrent": concurrent}})
    assert config.resources.concurrent == concurrent
