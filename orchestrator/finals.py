"""The end of a sweep: finalists re-tested on fresh fakes, and the winner certified once.

What chose the finalists was noisy and therefore lucky. The re-test draws new fakes against the
select split; where the spec asks for it, the finalists' parameters were trained anew as well, and
those trainings decide between them. The certificate draws new fakes again, against reals that
nothing was chosen on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import nan
from statistics import stdev

from gan_models.data.dataset import Split
from gan_models.metrics.certificate import certify
from gan_models.metrics.scores import Certificate
from gan_models.model_folder import load_model
from gan_models.seeds import derive_seed
from gan_models.threads import pinned_threads
from orchestrator.config.model import SweepConfig
from orchestrator.decision.candidate import CandidateScores, standard_error
from orchestrator.decision.configurations import (
    Configuration,
    ConfigurationChoice,
    choose_configuration,
    chosen_by_snapshot,
)
from orchestrator.decision.finalists import choose_finalists
from orchestrator.decision.optimism import Measured, optimism
from orchestrator.decision.selection import Choice, Selection, choose_winner
from orchestrator.errors import SweepError
from orchestrator.history import SweepHistory
from orchestrator.paths import RunPaths
from orchestrator.records import StoppedBy, TrialRecord
from orchestrator.retest import Retested, retest_trial
from orchestrator.trial_history import TrialHistory
from orchestrator.yardstick import Yardstick, open_yardstick


def sweep_finalists(config: SweepConfig, history: SweepHistory) -> list[TrialRecord]:
    """Return the proposals that are worth testing again, the best first; none if none is."""
    rule = config.selection
    return choose_finalists(history.proposals, rule.finalists, min_coverage=rule.diversity.coverage)


def retested_trials(config: SweepConfig, history: SweepHistory) -> list[str]:
    """Name the trials whose snapshots :func:`select_and_certify` will draw from."""
    finalists = sweep_finalists(config, history)
    return [each.trial_id for each in (*finalists, *_finished_replicates(finalists, history))]


def select_and_certify(
    config: SweepConfig, paths: RunPaths, history: SweepHistory
) -> tuple[Selection, Certificate]:
    """Re-test the finalists, choose one snapshot, and certify it.

    Raises:
        SweepError: if no trial is worth handing over.
    """
    finalists = sweep_finalists(config, history)
    if not finalists:
        raise SweepError(
            f"none of {len(history.trials)} trials is worth handing over: see "
            f"`ganorch results {paths.root}` for what became of each"
        )
    yardstick = open_yardstick(config.data, config.evaluation.features)
    field = _Field(finalists, _finished_replicates(finalists, history))
    with pinned_threads(1):
        retested = {
            record.trial_id: retest_trial(
                config, paths.trial(record.trial_id), record.trial_id, yardstick
            )
            for record in field.entrants
        }
        final = _decide(field, retested, min_coverage=config.selection.diversity.coverage)
        certificate = _certify(config, paths, final.choice.winner, yardstick)
    n_real = len(yardstick.reference(Split.SELECT))
    selection = _describe(final, retested, history, n_fake=config.evaluation.samples, n_real=n_real)
    if config.selection.retrain_seeds and final.configuration is None:
        lack = "no seed on which every finalist was trained anew to the end; "
        selection = replace(selection, reason=lack + selection.reason)
    selection = replace(selection, reason=selection.reason + _left_out(retested))
    return _with_optimism(selection, certificate), certificate


@dataclass(frozen=True)
class _Field:
    """The finalists, and the fresh trainings of their parameters that have finished."""

    finalists: Sequence[TrialRecord]
    replicates: Sequence[TrialRecord]

    @property
    def entrants(self) -> list[TrialRecord]:
        """Everything that takes part in the re-test."""
        return [*self.finalists, *self.replicates]

    @property
    def configurations(self) -> list[TrialRecord]:
        """The best finalist for each set of parameters."""
        return [
            each
            for place, each in enumerate(self.finalists)
            if all(each.params != better.params for better in self.finalists[:place])
        ]

    def trainings_of(self, finalist: TrialRecord) -> dict[int, TrialRecord]:
        """Return the fresh trainings of a finalist's parameters by seed."""
        return {each.seed: each for each in self.replicates if each.params == finalist.params}

    @property
    def common_seeds(self) -> list[int]:
        """The training seeds on which every configuration was trained, in order."""
        known = [self.trainings_of(each) for each in self.configurations]
        return [seed for seed in known[0] if all(seed in others for others in known)]


@dataclass(frozen=True)
class _Final:
    """The snapshot that won, and among which configurations if they were trained anew."""

    choice: Choice
    configuration: ConfigurationChoice | None


def _finished_replicates(
    finalists: Sequence[TrialRecord], history: SweepHistory
) -> list[TrialRecord]:
    ours = [
        trial
        for trial in history.replicates
        if any(trial.record.params == one.params for one in finalists)
    ]
    return [trial.record for trial in ours if _ended_on_equal_terms(trial)]


def _ended_on_equal_terms(trial: TrialHistory) -> bool:
    """Say whether a training ran to an end of its own: not to a cap, nor to what befell it."""
    record, befallen = trial.record, trial.lost_attempts[-1:]
    if not record.status.is_finished or record.stopped_by is StoppedBy.CAP:
        return False
    return record.stopped_by is not StoppedBy.ERROR or all(
        each.fault.is_its_own for each in befallen
    )


def _decide(field: _Field, retested: Mapping[str, Retested], *, min_coverage: float) -> _Final:
    """Choose the parameters first where enough trainings tell; then one of their snapshots."""
    configurations = _configurations(field, retested, min_coverage)
    if not any(each.fids for each in configurations):
        return _Final(_best_snapshot(field.entrants, retested, min_coverage), None)
    choice = choose_configuration(configurations, min_coverage=min_coverage)
    names = {each.trial_id for each in choice.contenders}
    contenders = [each for each in field.configurations if each.trial_id in names]
    entrants = [
        each for each in field.entrants if any(each.params == one.params for one in contenders)
    ]
    best = _best_snapshot(entrants, retested, min_coverage)
    params = next(each.params for each in field.entrants if each.trial_id == best.winner.trial_id)
    name = next(each.trial_id for each in contenders if each.params == params)
    return _Final(best, chosen_by_snapshot(choice, name, configurations))


def _best_snapshot(
    entrants: Sequence[TrialRecord], retested: Mapping[str, Retested], min_coverage: float
) -> Choice:
    candidates = [each for one in entrants for each in retested[one.trial_id].survivors]
    if not any(each.is_scored for each in candidates):
        num_all = sum(each.num_candidates for each in retested.values())
        raise SweepError(
            f"none of the {num_all} candidates could be scored on fresh samples"
            + _left_out(retested)
        )
    return choose_winner(candidates, min_coverage=min_coverage)


def _configurations(
    field: _Field, retested: Mapping[str, Retested], min_coverage: float
) -> list[Configuration]:
    """Return the finalists with their trainings on the seeds that all of them have."""
    return [
        Configuration(
            trial_id=finalist.trial_id,
            trainings=tuple(
                _best(retested[trained[seed].trial_id], min_coverage) for seed in field.common_seeds
            ),
        )
        for finalist in field.configurations
        for trained in [field.trainings_of(finalist)]
    ]


def _best(retested: Retested, min_coverage: float) -> CandidateScores | None:
    scored = [each for each in retested.survivors if each.is_scored]
    return choose_winner(scored, min_coverage=min_coverage).winner if scored else None


def _certify(
    config: SweepConfig, paths: RunPaths, winner: CandidateScores, yardstick: Yardstick
) -> Certificate:
    folder = paths.trial(winner.trial_id).snapshot(winner.snapshot_nimg)
    seed = derive_seed(config.search.seed, "certificate")
    return certify(
        load_model(folder).draw(config.evaluation.samples, seed=seed),
        yardstick.reference(Split.CERTIFY),
        yardstick.extractor,
        yardstick.modes,
        splits=yardstick.splits,
        seed=seed,
    )


def _describe(
    final: _Final,
    retested: Mapping[str, Retested],
    history: SweepHistory,
    *,
    n_fake: int,
    n_real: int,
) -> Selection:
    choice, configuration = final.choice, final.configuration
    winner = choice.winner
    spread = stdev(winner.fids) if len(winner.fids) > 1 else nan
    parameters = f"{configuration.reason}; its best snapshot: " if configuration else ""
    return Selection(
        trial_id=winner.trial_id,
        snapshot_nimg=winner.snapshot_nimg,
        fid=winner.fid,
        fid_standard_error=standard_error(winner.fids) if len(winner.fids) > 1 else nan,
        fid_debiased=winner.debiased_fid,
        fid_debiased_standard_error=winner.debiased_standard_error,
        coverage=winner.coverage,
        n_fake=n_fake,
        n_real=n_real,
        trials=len(history.trials),
        checkpoints=len(history.evaluations),
        candidates=sum(each.num_candidates for each in retested.values()),
        evaluations=sum(each.num_evaluations for each in retested.values()),
        draws=len(winner.fids),
        generation_seed_sd=spread,
        training_seeds=len(configuration.winner.trainings) if configuration else 1,
        training_seed_sd=configuration.winner.fid_sd if configuration else nan,
        comparisons=tuple(each.to_mapping() for each in configuration.comparisons)
        if configuration
        else (),
        reason=parameters + choice.reason,
        passed_gate=choice.passed_gate,
    )


def _left_out(retested: Mapping[str, Retested]) -> str:
    """Say which snapshots were no candidates because they do not verify; nothing if all do."""
    damaged = [each for one in retested.values() for each in one.damaged]
    return f"; left out: {'; '.join(damaged)}" if damaged else ""


def _with_optimism(selection: Selection, certificate: Certificate) -> Selection:
    found = optimism(
        selected=Measured(
            fid=selection.fid,
            fid_debiased=selection.fid_debiased,
            standard_error=selection.fid_debiased_standard_error,
        ),
        certified=Measured(
            fid=certificate.fid,
            fid_debiased=certificate.fid_debiased,
            standard_error=certificate.fid_standard_error,
        ),
    )
    return replace(
        selection,
        optimism=found.value,
        optimism_standard_error=found.standard_error,
        optimism_of=found.of,
    )
