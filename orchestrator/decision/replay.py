"""What would have been decided, when and why: recorded curves judged row by row."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from orchestrator.decision.curve import in_order
from orchestrator.decision.rules import VerdictRules, rules_for
from orchestrator.decision.verdict import asks_for_pause, judge
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
    reference_coverage: float | None = None,
) -> list[dict[str, Any]]:
    """Return one plain mapping a run: ``run, verdict, action, stop_step, best_step, reason, …``.

    The rows of a run are judged by step. Verdict, action, reason and ``best_step`` are those at
    ``stop_step``, the first step at which the run would have been stopped; where it is None, at
    the last row. ``stop_kimg`` and ``best_kimg`` are the images seen by then, None where they
    were not counted. ``pauses`` are the steps before that at which a sweep would have paused the
    run, each with its reason; here the run goes on at once. ``verdicts`` goes on to the last row.

    Args:
        curves: the rows of each run.
        rules: thresholds; None for those that a sweep would use: scaled to the evaluations that
            fit into ``budget_nimg``, or the defaults where that is not known.
        budget_nimg: images each run was meant to see.
        reference_coverage: as in :func:`orchestrator.decision.verdict.judge`.
    """
    judged = []
    for run, rows in curves.items():
        ordered = in_order(rows)
        verdicts = replay(
            ordered,
            rules or _usual_rules(ordered, budget_nimg),
            budget_nimg=budget_nimg,
            reference_coverage=reference_coverage,
        )
        judged.append(_describe(run, ordered, verdicts, budget_nimg))
    return judged


def _describe(
    run: str, rows: Sequence[Evaluation], verdicts: Sequence[Verdict], budget_nimg: int | None
) -> dict[str, Any]:
    stop = next((i for i, verdict in enumerate(verdicts) if verdict.action.is_stop), None)
    decisive = verdicts[-1 if stop is None else stop]
    kimg_at = {row.step: row.nimg / 1000 for row in rows} if any(row.nimg for row in rows) else {}
    return {
        "run": run,
        "verdict": decisive.kind.value,
        "action": decisive.action.value,
        "stop_step": None if stop is None else rows[stop].step,
        "stop_kimg": None if stop is None else kimg_at.get(rows[stop].step),
        "best_step": decisive.keep_step,
        "best_kimg": None if decisive.keep_step is None else kimg_at.get(decisive.keep_step),
        "reason": decisive.reason,
        "pauses": [
            {"step": row.step, "reason": verdicts[index].reason}
            for index, row in enumerate(rows[:stop])
            if asks_for_pause(verdicts[: index + 1]) and not _is_through(row, budget_nimg)
        ],
        "verdicts": [
            {"step": row.step, "verdict": verdict.kind.value}
            for row, verdict in zip(rows, verdicts, strict=True)
        ],
    }


def _is_through(row: Evaluation, budget_nimg: int | None) -> bool:
    return budget_nimg is not None and row.nimg >= budget_nimg


def _usual_rules(rows: Sequence[Evaluation], budget_nimg: int | None) -> VerdictRules:
    every_nimg = median([after.nimg - before.nimg for before, after in pairwise(rows)] or [0])
    if budget_nimg is None or every_nimg <= 0:
        return VerdictRules()
    return rules_for(int(budget_nimg // every_nimg))
