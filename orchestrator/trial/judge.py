"""How a trial judges itself: a function of its order, its measure and its rows alone.

Whoever has these from a journal comes to the same verdicts, adjustments and end, bit for bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from gan_models.config import GanConfig
from gan_models.metrics.perfect import perfect_coverage
from gan_models.metrics.protocol import Protocol
from orchestrator.decision.balance import BalanceRules, Ratio
from orchestrator.decision.rollback import last_good, with_rollback
from orchestrator.decision.rules import VerdictRules, rules_for
from orchestrator.decision.verdict import judge
from orchestrator.records import (
    Adjustment,
    Evaluation,
    Exploit,
    StoppedBy,
    TrialStatus,
    Verdict,
)
from orchestrator.trial.inheritance import rows_of_present_weights
from orchestrator.trial.meter import HEALTH_SAMPLES
from orchestrator.trial.regime import Regimes
from orchestrator.trial.spec import Message, TrialSpec, finished


@dataclass(frozen=True, kw_only=True)
class TrialJudge:
    """By what one trial is judged.

    Attributes:
        rules: thresholds, scaled to the number of its evaluations.
        regimes: how it may change the way it trains.
        budget_nimg: images that it is to see.
        max_rollbacks: how often it may go back to an earlier checkpoint.
        reference_coverage: of a perfect generator against the same reals.
    """

    rules: VerdictRules
    regimes: Regimes
    budget_nimg: int
    max_rollbacks: int
    reference_coverage: float

    @classmethod
    def of(cls, spec: TrialSpec, config: GanConfig, protocol: Protocol) -> Self:
        """Return what follows from an order, its parameters, and what its scores depend on."""
        rules = rules_for(spec.budget_nimg // spec.every_nimg)
        coverage = perfect_coverage(protocol.n_real, protocol.n_fake, protocol.k)
        balance_rules = BalanceRules(
            min_d_per_g=spec.min_d_per_g,
            max_d_per_g=spec.max_d_per_g,
            persistence=rules.suspect_after,
            num_judged=min(HEALTH_SAMPLES, protocol.n_fake, protocol.n_real),
            coverage_gate=rules.coverage_gate_frac * coverage,
        )
        start = Ratio(config.d_steps, config.g_steps)
        return cls(
            rules=rules,
            regimes=Regimes(start, balance_rules if spec.adapt_ratio else None),
            budget_nimg=spec.budget_nimg,
            max_rollbacks=spec.max_rollbacks,
            reference_coverage=coverage,
        )

    def verdict(
        self,
        rows: Sequence[Evaluation],
        *,
        num_rollbacks: int = 0,
        exploits: Sequence[Exploit] = (),
    ) -> Verdict:
        """Judge the last of a trial's rows, none of them abandoned, by those of its weights."""
        verdict = judge(
            rows_of_present_weights(rows, exploits),
            self.rules,
            budget_nimg=self.budget_nimg,
            reference_coverage=self.reference_coverage,
        )
        return with_rollback(
            verdict,
            self.last_good(rows),
            num_rollbacks=num_rollbacks,
            max_rollbacks=self.max_rollbacks,
        )

    def last_good(self, rows: Sequence[Evaluation]) -> Evaluation | None:
        """Return the row that a trial which died at the last one would go back to."""
        return last_good(rows, self.rules)

    def rollback(
        self, rows: Sequence[Evaluation], rollbacks: Sequence[Adjustment], reason: str
    ) -> Adjustment:
        """Return how a trial goes back whose verdict on the last row asks for it."""
        good = self.last_good(rows)
        assert good is not None  # or no verdict would ask for it
        return self.regimes.rollback(rows, good, rollbacks, reason)

    def ending(self, verdict: Verdict) -> Message:
        """Return the last message of a trial that ran to its own end, with its last verdict."""
        if verdict.action.is_stop:
            status, stopped_by, reason = TrialStatus.STOPPED, StoppedBy.VERDICT, verdict.reason
        else:
            status, stopped_by = TrialStatus.COMPLETED, StoppedBy.BUDGET
            reason = f"budget of {self.budget_nimg / 1000:g} kimg used; {verdict.reason}"
        return finished(status, stopped_by, reason=reason, verdict=verdict.kind)
