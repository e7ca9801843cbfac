"""Testing a trial's kept generators again, on fakes that none of them was chosen on."""

from dataclasses import dataclass, replace
from pathlib import Path

from gan_models.data.dataset import Split
from gan_models.errors import CheckpointError
from gan_models.model_folder import check_model, load_model
from gan_models.seeds import derive_seed
from orchestrator.config.model import SweepConfig
from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.halving import plan_rounds, survivors
from orchestrator.paths import TrialPaths
from orchestrator.trial.snapshots import snapshot_nimg, snapshots
from orchestrator.yardstick import Yardstick


@dataclass(frozen=True)
class Retested:
    """A trial's ring after the re-test: what came through all rounds, and what was looked at.

    ``damaged`` says of each snapshot that does not verify, and so was no candidate, why not.
    """

    survivors: tuple[CandidateScores, ...]
    num_candidates: int
    num_evaluations: int
    damaged: tuple[str, ...] = ()


def retest_trial(
    config: SweepConfig, paths: TrialPaths, trial_id: str, yardstick: Yardstick
) -> Retested:
    """Halve a trial's snapshots, round by round, against the select split.

    Every candidate of a sweep meets the same latents in the same order, which no evaluation in
    training has used.
    """
    folders, damaged = _whole_snapshots(paths)
    candidates = [CandidateScores(trial_id=trial_id, snapshot_nimg=nimg) for nimg in folders]
    num_evaluations = 0
    for each in plan_rounds(len(candidates), config.selection.seeds):
        candidates = survivors(
            candidates, each.num_candidates, min_coverage=config.selection.diversity.coverage
        )
        num_evaluations += len(candidates) * len(each.draws)
        candidates = [
            _score(config, candidate, folders[candidate.snapshot_nimg], each.draws, yardstick)
            for candidate in candidates
        ]
    return Retested(tuple(candidates), len(folders), num_evaluations, damaged)


def _whole_snapshots(paths: TrialPaths) -> tuple[dict[int, Path], tuple[str, ...]]:
    """Return the snapshots that verify by their images, and what is wrong with the others."""
    whole: dict[int, Path] = {}
    damaged: list[str] = []
    for folder in snapshots(paths):
        try:
            check_model(folder)
        except CheckpointError as error:
            damaged.append(str(error))
        else:
            whole[snapshot_nimg(folder)] = folder
    return whole, tuple(damaged)


def _score(
    config: SweepConfig,
    candidate: CandidateScores,
    folder: Path,
    draws: range,
    yardstick: Yardstick,
) -> CandidateScores:
    model = load_model(folder)
    for draw in draws:
        seed = derive_seed(config.search.seed, "retest", draw)
        scores = yardstick.score(model.draw(config.evaluation.samples, seed=seed), Split.SELECT)
        candidate = candidate.with_draw(
            fid=scores.fid,
            coverage=scores.coverage,
            debiased_fid=scores.fid_debiased,
            standard_error=scores.fid_standard_error,
        )
    num_weights = sum(weight.numel() for weight in model.generator.parameters())
    return replace(candidate, num_weights=num_weights)
