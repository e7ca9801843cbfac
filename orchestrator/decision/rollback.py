"""Where a dead trial goes back to, and how gently it goes on from there."""

from collections.abc import Sequence
from dataclasses import replace
from math import log

from orchestrator.decision.curve import is_measured
from orchestrator.decision.rules import VerdictRules
from orchestrator.decision.score import best_evaluation, log_metric
from orchestrator.records import Action, Evaluation, Verdict, VerdictKind

_RATE_AFTER_ROLLBACK = 0.5


def last_good(rows: Sequence[Evaluation], rules: VerdictRules) -> Evaluation | None:
    """Return the latest row that was measured and not degraded; None if nothing was measured.

    Weights on their way to NaN are often bad before they are not finite; going back to them would
    only repeat the death. A row that is the last good one stays it until a later one is good.
    """
    best = best_evaluation(rows)
    if best is None:
        return None
    highest = log_metric(best.fid) + log(rules.degraded_ratio)
    return next(
        row for row in reversed(rows) if is_measured(row) and log_metric(row.fid) <= highest
    )


def lr_factor(num_rollbacks: int) -> float:
    """Return what multiplies both learning rates after so many roll backs."""
    return _RATE_AFTER_ROLLBACK**num_rollbacks


def with_rollback(
    verdict: Verdict, good: Evaluation | None, *, num_rollbacks: int, max_rollbacks: int
) -> Verdict:
    """Let a dead trial go back to ``good`` rather than end, as long as it may.

    Args:
        verdict: on the trial's last row.
        good: the row to go back to; None if there is none.
        num_rollbacks: how often it was rolled back so far.
        max_rollbacks: how often it may be.
    """
    if verdict.kind is not VerdictKind.DEAD or good is None or max_rollbacks == 0:
        return verdict
    if num_rollbacks >= max_rollbacks:
        reason = f"{verdict.reason}, after {num_rollbacks} of {max_rollbacks} roll backs"
        return replace(verdict, reason=reason)
    reason = (
        f"{verdict.reason}: roll back {num_rollbacks + 1} of {max_rollbacks} to "
        f"{good.nimg / 1000:g} kimg, learning rates x {lr_factor(num_rollbacks + 1):g}"
    )
    return replace(verdict, action=Action.ROLL_BACK, reason=reason)
