"""From a resolved configuration and parameters to the order for one trial."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from gan_models.seeds import derive_seed
from orchestrator.config.model import SweepConfig
from orchestrator.identity import trial_id
from orchestrator.trial.spec import TrialSpec


def order_trial(
    config: SweepConfig,
    run_folder: Path,
    *,
    trial_id: str,
    index: int,
    params: Mapping[str, Any],
    seed: int,
) -> TrialSpec:
    """Return everything that determines a trial; equal arguments order the equal trial."""
    is_population = config.scheduler.kind == "pbt"
    return TrialSpec(
        trial_id=trial_id,
        index=index,
        params=params,
        seed=seed,
        run_folder=str(run_folder.resolve()),
        data=config.data,
        budget_nimg=config.budget.nimg_per_trial,
        every_nimg=config.evaluation.every_nimg,
        num_samples=config.evaluation.samples,
        features=config.evaluation.features,
        evaluation_seed=evaluation_seed(config),
        duality_gap_every=config.evaluation.duality_gap_every,
        num_snapshots=config.selection.snapshots,
        adapt_ratio=config.balance.adapt,
        min_d_per_g=config.balance.min_d_per_g,
        max_d_per_g=config.balance.max_d_per_g,
        max_rollbacks=config.balance.rollbacks,
        milestone_every_nimg=config.scheduler.interval_nimg if is_population else 0,
        device="cuda" if config.resources.gpus_per_trial > 0 else "cpu",
        gpu_share=config.resources.gpus_per_trial or 1.0,
        gpu_memory_bytes=config.resources.gpu_memory_bytes,
        num_threads=max(1, int(config.resources.cpus_per_trial)),
        modules=config.modules.model_dump(mode="json"),
    )


def evaluation_seed(config: SweepConfig) -> int:
    """Return the seed of the latents on which every trial is evaluated, always the same."""
    return derive_seed(config.search.seed, "evaluation")


def retraining_seed(config: SweepConfig, number: int) -> int:
    """Return a seed that no proposal trains by; the finalists share it, so that they pair."""
    return derive_seed(config.search.seed, "retraining", number)


def training_seed(config: SweepConfig, replicate: int = 0) -> int:
    """Return the seed by which trials train; replicates of equal parameters differ in it alone."""
    return derive_seed(config.search.seed, "training", replicate)


def new_identity(
    config: SweepConfig, params: Mapping[str, Any], taken: Collection[str]
) -> tuple[str, int]:
    """Return name and training seed of a proposal; one that was made before gets another seed."""
    for replicate in range(len(taken) + 1):
        seed = training_seed(config, replicate)
        name = trial_id(params, seed)
        if name not in taken:
            return name, seed
    raise AssertionError("more names than trials cannot all be taken")
