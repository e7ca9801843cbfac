"""Ray Tune's own ASHA and median rule as schedulers of ours: called, not imitated."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.schedulers import AsyncHyperBandScheduler, MedianStoppingRule, TrialScheduler

from benchmarks.decision.quiet import quietly
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.records import Evaluation


@dataclass(frozen=True)
class _Trial:
    """As much of a Tune trial as its schedulers look at."""

    trial_id: str


class _Controller:
    """As much of Tune's controller as its schedulers ask: nobody waits for a slot."""

    def get_live_trials(self) -> list[_Trial]:
        """Return nobody."""
        return []


class RayScheduler:
    """Asks a scheduler of Ray Tune about each new row, by its latest FID, as it is shipped."""

    def __init__(self, scheduler: TrialScheduler) -> None:
        scheduler.set_search_properties("fid", "min")
        self._scheduler: Any = scheduler
        self._trials: dict[str, Any] = {}

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Hand on the latest row."""
        row = evaluations[-1]
        result = {"fid": row.fid, "nimg": row.nimg, "training_iteration": len(evaluations)}
        trial = self._trial(trial_id)
        answer = quietly(self._scheduler.on_trial_result, _Controller(), trial, result)
        is_over = answer == TrialScheduler.STOP
        action = CohortAction.STOP if is_over else CohortAction.GO_ON
        return CohortDecision(action=action, reason=f"Ray says {answer}")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Nothing to hand on: its last row was."""

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Nobody is paused."""
        return None

    def _trial(self, trial_id: str) -> Any:
        if trial_id not in self._trials:
            trial = _Trial(trial_id)
            self._scheduler.on_trial_add(_Controller(), trial)
            self._trials[trial_id] = trial
        return self._trials[trial_id]


def ray_asha(*, grace: int, reduction: int, budget: int) -> RayScheduler:
    """Return Ray's ASHA with these rungs on the axis of images."""
    return RayScheduler(
        AsyncHyperBandScheduler(
            time_attr="nimg", max_t=budget, grace_period=grace, reduction_factor=reduction
        )
    )


def ray_median(*, grace: int) -> RayScheduler:
    """Return Ray's median stopping rule, as shipped but for the grace."""
    return RayScheduler(MedianStoppingRule(time_attr="nimg", grace_period=grace))
