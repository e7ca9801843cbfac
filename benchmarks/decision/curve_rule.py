"""A rule for one curve as a scheduler: it ends each run by itself and compares no one."""

from collections.abc import Container, Sequence

from benchmarks.decision.baselines import StopRule
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.records import Evaluation


class CurveRuleScheduler:
    """Ends a run where the rule would have stopped its curve."""

    def __init__(self, rule: StopRule) -> None:
        self._rule = rule

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Ask the rule about the curve so far."""
        is_over = self._rule(evaluations) is not None
        action = CohortAction.STOP if is_over else CohortAction.GO_ON
        return CohortDecision(action=action, reason="by its own curve")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Nothing is kept."""

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Nobody is paused."""
        return None
