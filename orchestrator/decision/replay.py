"""What would have been decided, when and why: recorded curves judged row by row."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from orchestrator.decision.curve import in_order
from orchestrator.decision.rules import VerdictRules, rules_for
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
    curves: Mapping[str, Sequence[Evaluation]],
    rules: VerdictRules | None = None,
    *,
    budget_nimg: int | None = None,
) -> list[dict[str, Any]]:
    """Return one plain mapping a run: ``run, verdict, action, stop_step, best_step, reason, …``.

    The rows of a run are judged by step. Verdict, action, reason and ``best_step`` are those at
    ``stop_step``, the first step at which the run would have been stopped; where it is None, at
    the last row. ``verdicts`` goes on to the last row either way.

    Args:
        curves: the rows of each run.
        rules: thresholds; None for those that a sweep would use: scaled to the evaluations that
            fit into ``budget_nimg``, or the defaults where that is not known.
        budget_nimg: images each run was meant to see.
    """
    return [
        _judge_run(run, in_order(rows), rules, budget_nimg=budget_nimg)
        for run, rows in curves.items()
    ]


def _judge_run(
    run: str, rows: Sequence[Evaluation], rules: VerdictRules | None, *, budget_nimg: int | None
) -> dict[str, Any]:
    rules = rules or _usual_rules(rows, budget_nimg)
    verdicts = replay(rows, rules, budget_nimg=budget_nimg)
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


def _usual_rules(rows: Sequence[Evaluation], budget_nimg: int | None) -> VerdictRules:
    every_nimg = median([after.nimg - before.nimg for before, after in pairwise(rows)] or [0])
    if budget_nimg is None or every_nimg <= 0:
        return VerdictRules()
    return rules_for(int(budget_nimg // every_nimg))
