"""The end of a sweep: finalists re-tested on fresh fakes, and the winner certified once.

What chose the finalists was noisy and therefore lucky. The re-test draws new fakes against the
select split; the certificate draws new ones again, against reals that nothing was chosen on.
"""

from collections.abc import Sequence

from gan_models.data.dataset import Split
from gan_models.metrics.certificate import certify
from gan_models.metrics.scores import Certificate
from gan_models.model_folder import load_model
from gan_models.seeds import derive_seed
from gan_models.threads import pinned_threads
from orchestrator.config.model import SweepConfig
from orchestrator.decision.selection import (
    CandidateScores,
    Selection,
    choose_finalists,
    choose_winner,
)
from orchestrator.errors import SweepError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.records import TrialRecord
from orchestrator.trial.snapshots import snapshot_nimg, snapshots
from orchestrator.yardstick import Yardstick, open_yardstick


def select_and_certify(
    config: SweepConfig, paths: RunPaths, history: SweepHistory
) -> tuple[Selection, Certificate]:
    """Re-test the finalists, choose one snapshot, and certify it.

    Raises:
        SweepError: if no trial is worth handing over.
    """
    min_coverage = config.selection.diversity.coverage
    finalists = choose_finalists(
        history.trials.values(), config.selection.finalists, min_coverage=min_coverage
    )
    if not finalists:
        raise SweepError(
            f"none of {len(history.trials)} trials is worth handing over: see "
            f"`ganorch results {paths.root}` for what became of each"
        )
    yardstick = open_yardstick(config.data, config.evaluation.features)
    with pinned_threads(1):
        candidates = _retest(config, paths, finalists, yardstick)
        selection = choose_winner(candidates, min_coverage=min_coverage)
        return selection, _certify(config, paths, selection, yardstick)


def _retest(
    config: SweepConfig,
    paths: RunPaths,
    finalists: Sequence[TrialRecord],
    yardstick: Yardstick,
) -> list[CandidateScores]:
    """Score every kept snapshot of the finalists on the same fresh latents."""
    seeds = [
        derive_seed(config.search.seed, "retest", draw) for draw in range(config.selection.seeds)
    ]
    candidates = []
    for record in finalists:
        for folder in snapshots(paths.trial(record.trial_id)):
            model = load_model(folder)
            fakes = (model.draw(config.evaluation.samples, seed=seed) for seed in seeds)
            scores = [yardstick.score(drawn, Split.SELECT) for drawn in fakes]
            candidate = CandidateScores(
                trial_id=record.trial_id,
                snapshot_nimg=snapshot_nimg(folder),
                fids=tuple(score.fid for score in scores),
                coverages=tuple(score.coverage for score in scores),
            )
            candidates.append(candidate)
    return candidates


def _certify(
    config: SweepConfig, paths: RunPaths, selection: Selection, yardstick: Yardstick
) -> Certificate:
    folder = paths.trial(selection.trial_id).snapshot(selection.snapshot_nimg)
    seed = derive_seed(config.search.seed, "certificate")
    return certify(
        load_model(folder).draw(config.evaluation.samples, seed=seed),
        yardstick.reference(Split.CERTIFY),
        yardstick.extractor,
        yardstick.modes,
        splits=yardstick.splits,
        seed=seed,
    )
