"""The scheduler that lets every trial spend its whole budget."""

from collections.abc import Sequence

from orchestrator.decision.scheduler import CohortDecision
from orchestrator.records import Evaluation


class FullScheduler:
    """Never stops a trial."""

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Let the trial go on."""
        del trial_id, evaluations
        return CohortDecision(stop=False, reason="every trial spends its whole budget")
