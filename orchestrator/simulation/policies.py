"""The policies that a cohort can be played under, by name."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from gan_models.errors import nearest
from orchestrator.decision.asha import AshaScheduler
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.hyperband import HyperbandScheduler
from orchestrator.decision.median import MedianScheduler
from orchestrator.decision.rules import VerdictRules
from orchestrator.decision.scheduler import CohortAction, CohortDecision, Scheduler, ToCome
from orchestrator.decision.verdict import judge
from orchestrator.errors import ConfigError
from orchestrator.records import Evaluation
from orchestrator.simulation.cohort import AXIS_UNITS, Cohort

_ROWS_BEFORE_RUNGS = 4  # a smoothed best of fewer is one measurement
PATIENCE = 10
_MIN_TRIALS_OF_A_MEDIAN = 4


class Policy(NamedTuple):
    """What a policy does in a line, and how it is made for a cohort."""

    doc: str
    make: Callable[["Rungs"], Scheduler]


@dataclass(frozen=True)
class Rungs:
    """Where trials are compared, on the cohort's axis of compute."""

    grace: int
    reduction: int

    @classmethod
    def fit(cls, cohort: Cohort, reduction: int) -> "Rungs":
        """Return the rungs below the longest run at which most runs have been measured a bit."""
        reached = [
            run.spent[min(_ROWS_BEFORE_RUNGS, len(run.spent)) - 1] / cohort.longest
            for run in cohort.runs
        ]
        share = 1.0
        while share / reduction >= median(reached):
            share /= reduction
        return cls(grace=round(share * AXIS_UNITS), reduction=reduction)


class VerdictScheduler:
    """Ends a trial where its own verdict does; compares no one."""

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Judge the trial by its curve alone."""
        verdict = judge(evaluations, VerdictRules(), budget_nimg=None, reference_coverage=None)
        action = CohortAction.STOP if verdict.action.is_stop else CohortAction.GO_ON
        return CohortDecision(action=action, reason=f"{verdict.kind}: {verdict.reason}")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Nothing is kept."""

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Nobody is paused."""
        return None


class PatienceScheduler(VerdictScheduler):
    """Ends a trial after so many evaluations without a new best: what people do by hand."""

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Count the evaluations since the best."""
        best = min(range(len(evaluations)), key=lambda row: evaluations[row].fid)
        since = len(evaluations) - 1 - best
        action = CohortAction.STOP if since >= PATIENCE else CohortAction.GO_ON
        return CohortDecision(action=action, reason=f"{since} evaluations without a new best")


class JointScheduler:
    """Ends a trial by its verdict, and else follows a scheduler: what a sweep does.

    Args:
        scheduler: compares trials.
        verdicts: ends trials; None to judge them by the default rules.
    """

    def __init__(self, scheduler: Scheduler, verdicts: Scheduler | None = None) -> None:
        self._scheduler = scheduler
        self._verdicts = verdicts or VerdictScheduler()

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Let both hear; the verdict comes first."""
        standing = self._scheduler.report(trial_id, evaluations)
        verdict = self._verdicts.report(trial_id, evaluations)
        return verdict if verdict.action is CohortAction.STOP else standing

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Tell the scheduler."""
        self._scheduler.ended(trial_id, is_failure=is_failure)

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Ask the scheduler."""
        return self._scheduler.next_to_resume(paused, to_come=to_come)


def _asha(rungs: Rungs, *, tie_sds: float) -> AshaScheduler:
    return AshaScheduler(
        grace_nimg=rungs.grace,
        reduction=rungs.reduction,
        budget_nimg=AXIS_UNITS,
        tie_sds=tie_sds,
    )


POLICIES: Mapping[str, Policy] = {
    "full": Policy("every run to its end", lambda rungs: FullScheduler()),
    "ours": Policy(
        "verdicts, and halving that pauses and knows ties: as `ganorch run` does by default",
        lambda rungs: JointScheduler(_asha(rungs, tie_sds=2.0)),
    ),
    "verdicts": Policy("each run by its own curve alone", lambda rungs: VerdictScheduler()),
    "asha": Policy("halving without ties or verdicts", lambda rungs: _asha(rungs, tie_sds=0.0)),
    "median": Policy(
        "stop what is worse than the median of the others",
        lambda rungs: MedianScheduler(grace_nimg=rungs.grace, min_trials=_MIN_TRIALS_OF_A_MEDIAN),
    ),
    "hyperband": Policy(
        "halving from several first rungs",
        lambda rungs: HyperbandScheduler(
            grace_nimg=rungs.grace, reduction=rungs.reduction, budget_nimg=AXIS_UNITS
        ),
    ),
    "patience": Policy(
        f"stop after {PATIENCE} evaluations without a new best", lambda rungs: PatienceScheduler()
    ),
}


def make_policy(name: str, cohort: Cohort, *, reduction: int) -> Scheduler:
    """Return a policy that has seen nothing yet.

    Raises:
        ConfigError: if the name is unknown; suggests the nearest.
    """
    if name not in POLICIES:
        raise ConfigError(f"policy '{name}': {nearest(name, POLICIES)}")
    return POLICIES[name].make(Rungs.fit(cohort, reduction))
