"""Verdicts on runs of the bank, as a sweep with their budget would have had them.

They depend on the run alone and not on the policy that it is played under, so that every policy
may look up what was judged once.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from benchmarks.decision.bank import LabelledRun
from orchestrator.decision.curve import in_order
from orchestrator.decision.replay import replay
from orchestrator.decision.rules import VerdictRules, rules_for
from orchestrator.decision.scheduler import CohortAction, CohortDecision, ToCome
from orchestrator.decision.verdict import judge
from orchestrator.records import Evaluation, Verdict


def sweep_rules(run: LabelledRun, min_gain_frac: float | None = None) -> VerdictRules:
    """Return the rules of a sweep with this run's budget, more or less strict on futility.

    ``min_gain_frac`` replaces the gain that has to be possible still; None leaves the default.
    """
    rows = run.evaluations
    every_nimg = rows[1].nimg - rows[0].nimg if len(rows) > 1 else run.budget_nimg
    rules = rules_for(run.budget_nimg // every_nimg)
    return rules if min_gain_frac is None else replace(rules, min_gain_frac=min_gain_frac)


def replay_run(run: LabelledRun) -> list[Verdict]:
    """Return the verdict at each row."""
    return replay(
        in_order(run.evaluations),
        sweep_rules(run),
        budget_nimg=run.budget_nimg,
        reference_coverage=run.reference_coverage,
    )


def stop_of(run: LabelledRun, min_gain_frac: float | None = None) -> int | None:
    """Return the row after which a run's own verdict stops it; None if none does."""
    rules = sweep_rules(run, min_gain_frac)
    rows = range(len(run.evaluations))
    return next((row for row in rows if _stops(run, row + 1, rules)), None)


class RememberedVerdicts:
    """A scheduler that ends a run where its own verdict does, and compares no one.

    Args:
        runs: by name; those of one cohort, with the noise that is added to their FID.
        min_gain_frac: see :func:`sweep_rules`.
    """

    def __init__(self, runs: Mapping[str, LabelledRun], min_gain_frac: float | None = None) -> None:
        self._runs = runs
        self._rules = {name: sweep_rules(run, min_gain_frac) for name, run in runs.items()}
        self._stops: dict[tuple[str, int], bool] = {}

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Judge the run as far as it has come, by its own axis of images."""
        key = trial_id, len(evaluations)
        if key not in self._stops:
            self._stops[key] = _stops(self._runs[trial_id], key[1], self._rules[trial_id])
        action = CohortAction.STOP if self._stops[key] else CohortAction.GO_ON
        return CohortDecision(action=action, reason="by its verdict")

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Nothing is kept."""

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Nobody is paused."""
        return None


def _stops(run: LabelledRun, num_rows: int, rules: VerdictRules) -> bool:
    verdict = judge(
        run.evaluations[:num_rows],
        rules,
        budget_nimg=run.budget_nimg,
        reference_coverage=run.reference_coverage,
    )
    return verdict.action.is_stop
