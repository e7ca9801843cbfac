"""Orders for real trials that take a fraction of a second."""

from pathlib import Path
from typing import Any

from orchestrator.identity import trial_id
from orchestrator.trial.order import order_trial
from orchestrator.trial.spec import TrialSpec
from tests.orchestrator.scripted import make_config

POINTS = {"network": "mlp", "width": 16, "depth": 1, "latent_dim": 4, "batch_size": 64}
CRITIC = POINTS | {
    "d_loss": "wasserstein",
    "g_loss": "wasserstein",
    "penalty": "gradient-penalty",
    "d_steps": 2,
}
DIGITS = {"network": "dcgan", "width": 8, "latent_dim": 8, "batch_size": 32, "spectral_norm": True}
DOOMED = POINTS | {"g_lr": 1e38}  # G's weights leave the range of float32
RUNAWAY = POINTS | {"d_loss": "least-squares", "g_loss": "least-squares", "d_lr": 1e6}


def order(
    run_folder: Path,
    params: dict[str, Any] = POINTS,
    *,
    data: str = "ring8",
    kimg: float = 1.0,
    every_kimg: float = 0.25,
    num_snapshots: int = 12,
    **evaluation: Any,
) -> TrialSpec:
    """Return the order for a short trial with ``params``."""
    config = make_config(
        data={"name": data},
        budget={"kimg_per_trial": kimg},
        evaluation={"every_kimg": every_kimg, "samples": 64} | evaluation,
        selection={"snapshots": num_snapshots},
    )
    return order_trial(
        config, run_folder, trial_id=trial_id(params, 0), index=0, params=params, seed=0
    )
