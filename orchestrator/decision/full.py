"""The scheduler that lets every trial spend its whole budget."""

from collections.abc import Container, Sequence

from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.records import Evaluation


class FullScheduler:
    """Never pauses or stops a trial."""

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Let the trial go on."""
        del trial_id, evaluations
        reason = "every trial spends its whole budget"
        return CohortDecision(action=CohortAction.GO_ON, reason=reason)

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Remember nothing."""

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return None: it pauses none."""
        del paused, to_come
        return None
