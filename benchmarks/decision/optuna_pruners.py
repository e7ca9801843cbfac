"""Optuna's own pruners as schedulers of ours: called on a real study in memory, not imitated.

Each evaluation is reported as it came, its number being the step: evaluations of one number are
made at the same budget in every run of a cohort. A run that spends its budget is told its lowest
FID, which is what would be delivered; one that was pruned is told as pruned, and one without any
FID as failed.
"""

from collections.abc import Container, Sequence
from math import isfinite

import optuna
from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    PatientPruner,
    SuccessiveHalvingPruner,
    WilcoxonPruner,
)
from optuna.trial import Trial, TrialState

from benchmarks.decision.baselines import StopRule
from benchmarks.decision.quiet import quietly
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.records import Evaluation
from orchestrator.simulation.cohort import best_fid


class OptunaScheduler:
    """Asks a pruner of Optuna about each new row, by its latest FID, as it is shipped."""

    def __init__(self, pruner: BasePruner) -> None:
        self._study = _new_study(pruner)
        self._trials: dict[str, Trial] = {}
        self._rows: dict[str, Sequence[Evaluation]] = {}
        self._pruned: set[str] = set()

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Hand on the latest row."""
        if trial_id not in self._trials:
            self._trials[trial_id] = self._study.ask()
        self._rows[trial_id] = evaluations
        if not _is_pruned(self._trials[trial_id], len(evaluations) - 1, evaluations[-1].fid):
            return CohortDecision(action=CohortAction.GO_ON, reason="Optuna lets it go on")
        self._pruned.add(trial_id)
        return CohortDecision(action=CohortAction.STOP, reason="Optuna prunes it")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Tell the study what became of the trial."""
        if trial_id not in self._trials:
            return
        trial, lowest = self._trials[trial_id], best_fid(self._rows[trial_id])
        if trial_id in self._pruned:
            self._study.tell(trial, state=TrialState.PRUNED)
        elif isfinite(lowest):
            self._study.tell(trial, lowest)
        else:
            self._study.tell(trial, state=TrialState.FAIL)

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Nobody is paused."""
        return None


def optuna_median(*, start_up: int = 5, warm_up: int = 0) -> OptunaScheduler:
    """Return Optuna's median rule: best so far against the median of finished trials' values.

    Nothing is pruned before ``start_up`` trials have spent their budgets, nor in a trial before
    evaluation ``warm_up``.
    """
    return OptunaScheduler(MedianPruner(n_startup_trials=start_up, n_warmup_steps=warm_up))


def optuna_patient_median(*, patience: int) -> OptunaScheduler:
    """Return the median rule that waits until a trial has had no new best for so long."""
    return OptunaScheduler(quietly(PatientPruner, MedianPruner(), patience=patience))


def optuna_wilcoxon(*, p_threshold: float = 0.1, warm_up: int = 2) -> OptunaScheduler:
    """Return Optuna's signed-rank test of a trial against the best finished one.

    It is meant for scores of the same instances, such as folds. A learning curve has none; the
    fairest reading is that each evaluation's number is an instance, so that a trial is compared
    with the best one where both had spent as much, from evaluation ``warm_up`` on.
    """
    return OptunaScheduler(
        quietly(WilcoxonPruner, p_threshold=p_threshold, n_startup_steps=warm_up)
    )


def optuna_halving(*, grace: int | str = "auto", reduction: int = 4) -> OptunaScheduler:
    """Return Optuna's asynchronous halving with its first rung at evaluation ``grace``."""
    return OptunaScheduler(SuccessiveHalvingPruner(grace, reduction))


def optuna_hyperband(*, grace: int = 1, reduction: int = 3) -> OptunaScheduler:
    """Return Optuna's Hyperband; it learns the length of a trial from the first that ends."""
    return OptunaScheduler(HyperbandPruner(grace, reduction_factor=reduction))


def optuna_patience(patience: int) -> StopRule:
    """Return Optuna's PatientPruner by itself, which looks at one curve alone."""

    def rule(curve: Sequence[Evaluation]) -> int | None:
        trial = _new_study(quietly(PatientPruner, None, patience=patience)).ask()
        return next(
            (row for row, each in enumerate(curve) if _is_pruned(trial, row, each.fid)), None
        )

    return rule


def _new_study(pruner: BasePruner) -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # Hyperband deals trials to its brackets by a hash of the name, which would be a random one.
    return optuna.create_study(study_name="cohort", direction="minimize", pruner=pruner)


def _is_pruned(trial: Trial, step: int, fid: float) -> bool:
    trial.report(fid, step)
    return quietly(trial.should_prune)
