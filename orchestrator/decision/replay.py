"""What would have been decided, when and why: recorded curves judged row by row."""

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.decision.curve import in_order
from orchestrator.decision.rules import VerdictRules
from orchestrator.decision.verdict import judge
from orchestrator.records import Evaluation, Verdict


def replay(
    evaluations: Sequence[Evaluation],
    rules: VerdictRules,
    *,
    budget_nimg: int | None = None,
    reference_coverage: float | None = None,
) -> list[Verdict]:
    """Return the verdict at each row, in the order of arrival, from the rows up to it alone."""
    return [
        judge(
            evaluations[:end],
            rules,
            budget_nimg=budget_nimg,
            reference_coverage=reference_coverage,
        )
        for end in range(1, len(evaluations) + 1)
    ]


def judge_curves(
    curves: Mapping[str, Sequence[Evaluation]], rules: VerdictRules | None = None
) -> list[dict[str, Any]]:
    """Return one plain mapping a run: ``run, verdict, action, stop_step, best_step, reason, …``.

    The rows of a run are judged by step. Verdict, action, reason and ``best_step`` are those at
    ``stop_step``, the first step at which the run would have been stopped; where it is None, at
    the last row. ``verdicts`` goes on to the last row either way.
    """
    rules = rules or VerdictRules()
    return [_judge_run(run, in_order(rows), rules) for run, rows in curves.items()]


def _judge_run(run: str, rows: Sequence[Evaluation], rules: VerdictRules) -> dict[str, Any]:
    verdicts = replay(rows, rules)
    stop = next((i for i, verdict in enumerate(verdicts) if verdict.action.is_stop), None)
    decisive = verdicts[-1 if stop is None else stop]
    return {
        "run": run,
        "verdict": decisive.kind.value,
        "action": decisive.action.value,
        "stop_step": None if stop is None else rows[stop].step,
        "best_step": decisive.keep_step,
        "reason": decisive.reason,
        "verdicts": [
            {"step": row.step, "verdict": verdict.kind.value}
            for row, verdict in zip(rows, verdicts, strict=True)
        ],
    }
