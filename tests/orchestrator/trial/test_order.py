from pathlib import Path
from typing import Any

import pytest

from orchestrator.config.load import build_config
from orchestrator.config.model import SweepConfig
from orchestrator.trial.order import order_trial, training_seed
from orchestrator.trial.spec import TrialSpec


def config(**sections: Any) -> SweepConfig:
    values = {
        "name": "a",
        "data": {"name": "ring8"},
        "space": "ring8",
        "budget": {"kimg_per_trial": 2.5},
        "evaluation": {"every_kimg": 0.5, "samples": 100, "features": "identity"},
    }
    return build_config(values | sections)


def order(config: SweepConfig, folder: Path = Path("runs/a")) -> TrialSpec:
    return order_trial(config, folder, trial_id="t", index=3, params={"d_lr": 1e-3}, seed=7)


def test_the_order_holds_what_the_spec_says_in_images() -> None:
    spec = order(config())
    assert (spec.trial_id, spec.index, spec.params, spec.seed) == ("t", 3, {"d_lr": 1e-3}, 7)
    assert (spec.budget_nimg, spec.every_nimg, spec.num_samples) == (2500, 500, 100)
    assert (spec.data, spec.features) == ({"name": "ring8"}, "identity")


def test_a_worker_elsewhere_finds_the_run_folder(monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert order(config()).run_folder == str(tmp_path / "runs" / "a")


@pytest.mark.parametrize(
    ("resources", "device", "num_threads"),
    [
        ({}, "cpu", 1),
        ({"cpus_per_trial": 0.5}, "cpu", 1),
        ({"cpus_per_trial": 3}, "cpu", 3),
        ({"gpus_per_trial": 0.5}, "cuda", 1),
    ],
)
def test_the_device_and_threads_follow_from_the_resources(
    resources: dict[str, float], device: str, num_threads: int
) -> None:
    spec = order(config(resources=resources))
    assert (spec.device, spec.num_threads) == (device, num_threads)


def test_the_share_of_a_gpu_and_its_memory_go_with_the_order() -> None:
    spec = order(config(resources={"gpus_per_trial": 0.25, "gpu_memory_gib_per_trial": 10}))
    assert (spec.gpu_share, spec.gpu_memory_bytes) == (0.25, 10 * 2**30)
    spec = order(config())
    assert (spec.gpu_share, spec.gpu_memory_bytes) == (1.0, None)


def test_all_trials_of_a_sweep_are_evaluated_with_one_seed_and_sweeps_differ() -> None:
    seeds = [order(config(search={"seed": seed})).evaluation_seed for seed in (0, 0, 1)]
    assert seeds[0] == seeds[1] != seeds[2]


def test_replicates_train_with_other_seeds() -> None:
    first, second = training_seed(config()), training_seed(config(), 1)
    assert first == training_seed(config(), 0) != second
    assert training_seed(config(search={"seed": 1})) not in (first, second)


def test_a_trial_changes_nothing_in_itself_unless_the_spec_says_so() -> None:
    spec = order(config())
    assert (spec.adapt_ratio, spec.max_rollbacks, spec.may_adjust) == (False, 0, False)
    bounds = {"adapt": True, "min_d_per_g": 0.5, "max_d_per_g": 8}
    adapting = order(config(balance=bounds))
    assert (adapting.adapt_ratio, adapting.may_adjust) == (True, True)
    assert (adapting.min_d_per_g, adapting.max_d_per_g) == (0.5, 8.0)
    assert order(config(balance={"rollbacks": 2})).max_rollbacks == 2
    assert order(config(balance={"rollbacks": 2})).may_adjust


def test_only_a_population_leaves_states_for_others() -> None:
    assert order(config()).milestone_every_nimg == 0
    population = config(scheduler={"kind": "pbt", "interval_kimg": 0.75})
    assert order(population).milestone_every_nimg == 750
