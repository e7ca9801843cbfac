"""The order for a trial's next attempt, from all that has become of it so far."""

from dataclasses import replace
from pathlib import Path

from orchestrator.config.model import SweepConfig
from orchestrator.records import Retry
from orchestrator.trial.order import order_trial
from orchestrator.trial.spec import Placement, TrialSpec
from orchestrator.trial_history import TrialHistory

_SIGN_OF_LIFE_S = 5.0  # costs a message, of which nothing is kept


def order_attempt(
    config: SweepConfig, run_folder: Path, trial: TrialHistory, *, number: int
) -> TrialSpec:
    """Return what is to be run, and where.

    Args:
        config: of the sweep.
        run_folder: of the sweep.
        trial: what has become of it so far.
        number: of this order, higher than that of any order of this trial before.
    """
    spec = order_trial(
        config,
        run_folder,
        trial_id=trial.record.trial_id,
        index=trial.record.index,
        params=trial.params,
        seed=trial.record.seed,
    )
    placement = placement_after(trial)
    if placement.needs_whole_gpu:
        spec = replace(spec, gpu_share=1.0, gpu_memory_bytes=None)
    return replace(
        spec,
        attempt=number,
        exploits=tuple(trial.exploits),
        sign_of_life_s=_SIGN_OF_LIFE_S,
        placement=placement,
    )


def placement_after(trial: TrialHistory) -> Placement:
    """Return where a trial's next attempt is to run: away from what was lost, or where it was."""
    left = [each.node for each in trial.lost_attempts if each.retry is Retry.ELSEWHERE]
    return Placement(
        avoided_nodes=tuple(dict.fromkeys(node for node in left if node)),
        needs_whole_gpu=any(each.retry is Retry.WHOLE_GPU for each in trial.lost_attempts),
        preferred_node="" if trial.last_node in left else trial.last_node,
    )
