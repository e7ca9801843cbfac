"""What people stop trials by today, as functions from a curve to the row of the stop.

Each sees a curve up to a row and answers at once; None means that it never stopped. Optuna's and
Ray's own rules are called, not imitated, where one curve is enough to ask them.
"""

from collections.abc import Callable, Sequence
from math import isfinite, log, sqrt
from statistics import median

from orchestrator.records import Evaluation

StopRule = Callable[[Sequence[Evaluation]], int | None]


def never(curve: Sequence[Evaluation]) -> int | None:
    """Spend the whole budget."""
    return None


def patience(evaluations: int) -> StopRule:
    """Stop after so many evaluations without a new best: the early stopping of every framework."""

    def rule(curve: Sequence[Evaluation]) -> int | None:
        best, best_row = float("inf"), 0
        for row, evaluation in enumerate(curve):
            if evaluation.fid < best:
                best, best_row = evaluation.fid, row
            elif row - best_row >= evaluations:
                return row
        return None

    return rule


def generator_loss_patience(evaluations: int) -> StopRule:
    """Stop after so many evaluations without a new lowest generator loss."""

    def rule(curve: Sequence[Evaluation]) -> int | None:
        best, best_row = float("inf"), 0
        for row, evaluation in enumerate(curve):
            if evaluation.g_loss < best:
                best, best_row = evaluation.g_loss, row
            elif row - best_row >= evaluations:
                return row
        return None

    return rule


def coin_flip(evaluations: int = 5, margin: float = 0.05) -> StopRule:
    """The tutorials' rule: stop once D is right about half of the time, several times in a row."""

    def rule(curve: Sequence[Evaluation]) -> int | None:
        run = 0
        for row, evaluation in enumerate(curve[1:], start=1):
            accuracy = (evaluation.d_real_acc + evaluation.d_fake_acc) / 2
            run = run + 1 if abs(accuracy - 0.5) <= margin else 0
            if run >= evaluations:
                return row
        return None

    return rule


def lag_test(lag: int, strikes: int = 3) -> StopRule:
    """Stop when the metric is not significantly below its value ``lag`` evaluations ago, thrice.

    After MMD-GAN's published schedule (Bińkowski et al., 1801.01401), with the noise of the two
    half-samples in place of its three-sample test.
    """

    def rule(curve: Sequence[Evaluation]) -> int | None:
        missed = 0
        for row in range(lag, len(curve)):
            now, before = curve[row].fid, curve[row - lag].fid
            if not (isfinite(now) and isfinite(before)):
                continue
            gained = log(before / now) > 1.28 * sqrt(2.0) * _noise(curve[: row + 1])
            missed = 0 if gained else missed + 1
            if missed >= strikes:
                return row
        return None

    return rule


def _noise(curve: Sequence[Evaluation]) -> float:
    halves = [
        abs(log(row.fid_a / row.fid_b)) / 2
        for row in curve[-20:]
        if row.fid_a > 0 and row.fid_b > 0
    ]
    return 1.4826 * median(halves) if halves else 0.0
