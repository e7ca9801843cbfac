"""Testing a trial's kept generators again, on fakes that none of them was chosen on."""

from dataclasses import dataclass, replace
from pathlib import Path

from gan_models.data.dataset import Split
from gan_models.model_folder import load_model
from gan_models.seeds import derive_seed
from orchestrator.config.model import SweepConfig
from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.halving import plan_rounds, survivors
from orchestrator.paths import TrialPaths
from orchestrator.trial.snapshots import snapshot_nimg, snapshots
from orchestrator.yardstick import Yardstick


@dataclass(frozen=True)
class Retested:
    """A trial's ring after the re-test: what came through all rounds, and what was looked at."""

    survivors: tuple[CandidateScores, ...]
    num_candidates: int
    num_evaluations: int


def retest_trial(
    config: SweepConfig, paths: TrialPaths, trial_id: str, yardstick: Yardstick
) -> Retested:
    """Halve a trial's snapshots, round by round, against the select split.

    Every candidate of a sweep meets the same latents in the same order, which no evaluation in
    training has used.
    """
    folders = {snapshot_nimg(folder): folder for folder in snapshots(paths)}
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
    return Retested(tuple(candidates), len(folders), num_evaluations)


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
