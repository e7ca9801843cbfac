"""How a trial takes over the weights of another, and keeps its own for others to take over.

A donor may have trained on, or have ended, by the time that its weights are wanted. So each trial
of a population leaves its state at every place of comparison, beside those that it resumes from.
"""

from collections.abc import Sequence
from pathlib import Path

from gan_models.config import GanConfig
from gan_models.errors import CheckpointError
from gan_models.samples import SampleSpec
from gan_models.training.checkpoint import (
    drop_checkpoints_before,
    latest_nimg,
    restore_latest,
    save_checkpoint,
)
from gan_models.training.state import new_state
from orchestrator.paths import RunPaths
from orchestrator.records import Evaluation, Exploit
from orchestrator.trial.spec import TrialSpec


def is_milestone(spec: TrialSpec, curve: Sequence[Evaluation]) -> bool:
    """Say whether the last row is the first at or past a place of comparison below the budget."""
    every = spec.milestone_every_nimg
    if not every or len(curve) < 2:
        return False
    before, now = (min(row.nimg, spec.budget_nimg - 1) // every for row in curve[-2:])
    return now > before


def rows_of_present_weights(
    rows: Sequence[Evaluation], exploits: Sequence[Exploit]
) -> Sequence[Evaluation]:
    """Return what a verdict on the last of ``rows`` may look at: the untrained row and the present.

    By the step from its former weights to the donor's a trial neither improves nor swings.
    """
    since_nimg = max((each.nimg for each in exploits if each.nimg < rows[-1].nimg), default=-1)
    if since_nimg < 0:
        return rows
    return [rows[0], *(row for row in rows if row.nimg > since_nimg)]


def take_over(spec: TrialSpec, config: GanConfig, sample: SampleSpec) -> None:
    """Put the donor's state in place of the trial's latest one, unless the trial went on since.

    Doing it twice writes the same again, so a kill at any moment does no harm. Weights and the
    optimisers' moments are the donor's; how far the trial has come stays its own.

    Args:
        spec: of a trial that may inherit or not.
        config: by which the trial goes on.
        sample: what it makes.

    Raises:
        CheckpointError: if the donor's state is not there, or does not fit.
    """
    run_paths = RunPaths(Path(spec.run_folder))
    own = run_paths.trial(spec.trial_id).checkpoints
    if not spec.exploits or latest_nimg(own) > spec.exploits[-1].nimg:
        return
    exploit = spec.exploits[-1]
    state = new_state(config, sample, seed=spec.seed, device=spec.device)
    milestone = run_paths.trial(exploit.donor).milestone(exploit.donor_nimg)
    if not restore_latest(milestone, state, GanConfig.from_params(exploit.donor_params)):
        raise CheckpointError(f"{milestone}: no whole state of {exploit.donor} to go on from")
    state.nimg, state.step = exploit.nimg, exploit.step
    save_checkpoint(own, state, config)
    drop_checkpoints_before(own, exploit.nimg)  # of weights that are given up
