"""How many updates D and G should get, from the health of D so far.

D leads G and must neither lose sight of it nor leave it behind. D is *blind* where it tells fakes
from held-out reals hardly better than chance; that is also how a perfect pair ends, so it only
counts while the fakes lack diversity. D is *overpowering* where it is almost never wrong and G's
gradient has vanished; one of these alone does no harm, for many objectives teach on. And whatever
D looks like, a trial whose FID falls is left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite, log, nan, sqrt
from statistics import median
from typing import NamedTuple

from orchestrator.decision.curve import in_order, is_measured
from orchestrator.decision.rules import SELF_COVERAGE
from orchestrator.decision.score import log_metric
from orchestrator.records import Evaluation

_MORE_D, _MORE_G = 1, -1


class Ratio(NamedTuple):
    """Updates of D and of G in one round."""

    d_steps: int
    g_steps: int

    def __str__(self) -> str:
        return f"{self.d_steps}:{self.g_steps}"


@dataclass(frozen=True, kw_only=True)
class BalanceRules:
    """When the ratio changes, and how far it may.

    Attributes:
        min_d_per_g: fewest D updates for each G update,
        max_d_per_g: and most; a ratio that a trial began with stays allowed.
        persistence: evaluations that are looked at together.
        settling: evaluations after a change that do not count yet.
        num_judged: samples behind each accuracy of D, which make its standard error.
        sds: standard errors by which an accuracy must clear a threshold.
        blind_acc: balanced accuracy below which D hardly beats chance.
        overpowering_acc: balanced accuracy above which it is almost never wrong.
        vanished_frac: G's gradient norm as a share of its early median, below which it vanished.
        early_evaluations: how many evaluations, after the untrained one, are early.
        coverage_gate: coverage from which fakes are diverse, so that a blind D is no fault.
        min_gain_frac: a trial whose FID falls by this share within ``persistence`` improves.
    """

    min_d_per_g: float = 0.25
    max_d_per_g: float = 4.0
    persistence: int = 4
    settling: int = 2
    num_judged: int = 500
    sds: float = 2.0
    blind_acc: float = 0.60
    overpowering_acc: float = 0.95
    vanished_frac: float = 0.2
    early_evaluations: int = 8
    coverage_gate: float = 0.8 * SELF_COVERAGE
    min_gain_frac: float = 0.05


class Balance(NamedTuple):
    """The ratio to go on with, and the step after which it was last changed, with the reason."""

    ratio: Ratio
    changed_step: int | None = None
    reason: str = ""


def balance_after(rows: Sequence[Evaluation], start: Ratio, rules: BalanceRules) -> Balance:
    """Return the ratio that a trial goes on with after these rows.

    It halves or doubles at each change. A function of the rows alone: whoever has the record of a
    trial knows its ratio at any time.

    Args:
        rows: the trial's rows so far, any record will do; of rows with the same step the first
            counts.
        start: what the trial began with.
        rules: bounds and thresholds.
    """
    ordered = in_order(rows)
    balance, level, since = Balance(start), 0, 0
    for end in range(1, len(ordered) + 1):
        if end - since < rules.settling + rules.persistence:
            continue
        move, evidence = _move(ordered, end, rules)
        ratio = _ratio_at(start, level + move)
        if move and _is_allowed(ratio, start, rules):
            reason = f"{evidence}: D:G updates {balance.ratio} -> {ratio}"
            balance = Balance(ratio, ordered[end - 1].step, reason)
            level, since = level + move, end
    return balance


def _ratio_at(start: Ratio, level: int) -> Ratio:
    """Return the ratio ``level`` doublings away from the start, in lowest terms."""
    if level == 0:
        return start
    exact = Fraction(start.d_steps, start.g_steps) * Fraction(2) ** level
    return Ratio(exact.numerator, exact.denominator)


def _is_allowed(ratio: Ratio, start: Ratio, rules: BalanceRules) -> bool:
    d_per_g, began = (each.d_steps / each.g_steps for each in (ratio, start))
    return min(began, rules.min_d_per_g) <= d_per_g <= max(began, rules.max_d_per_g)


def _move(rows: Sequence[Evaluation], end: int, rules: BalanceRules) -> tuple[int, str]:
    """Say whether the rows before ``end`` ask for more D (1), more G (-1) or neither, and why."""
    recent = rows[end - rules.persistence : end]
    if not all(is_measured(row) for row in recent):
        return 0, ""
    accuracy, error = balanced_accuracy(recent, rules.num_judged)
    evidence = f"balanced accuracy {accuracy:.2f} over {len(recent)} evaluations"
    if accuracy + rules.sds * error <= rules.blind_acc:
        if _lacks_diversity(recent, rules) and not _is_improving(rows, end, rules):
            return _MORE_D, f"D hardly tells fakes from reals ({evidence})"
    elif accuracy - rules.sds * error >= rules.overpowering_acc:
        gradient = _gradient_frac(rows[1 : min(end, 1 + rules.early_evaluations)], recent)
        if gradient < rules.vanished_frac and not _is_improving(rows, end, rules):
            evidence = f"{evidence}, G's gradient {gradient:.2g} of what it was"
            return _MORE_G, f"D leaves G nothing to learn ({evidence})"
    return 0, ""


def _is_improving(rows: Sequence[Evaluation], end: int, rules: BalanceRules) -> bool:
    """Whether FID is tellingly lower in the latest rows than in as many before, by medians."""
    start = max(0, end - 2 * rules.persistence)
    logs = [log_metric(row.fid) for row in rows[start:end] if is_measured(row)]
    before = logs[: -rules.persistence]
    if not before:
        return False
    return median(before) - median(logs[-rules.persistence :]) > -log(1.0 - rules.min_gain_frac)


def _lacks_diversity(rows: Sequence[Evaluation], rules: BalanceRules) -> bool:
    """Whether the fakes cover too little; where that was not measured they are not trusted."""
    measured = [row.coverage for row in rows if isfinite(row.coverage)]
    return not measured or median(measured) < rules.coverage_gate


def balanced_accuracy(rows: Sequence[Evaluation], num_judged: int) -> tuple[float, float]:
    """Return how often D is right on held-out reals and fresh fakes, and the standard error.

    Both are means over the rows; the error is that of one row, because all rows judge the same
    reals. Each side has two successes and two failures added (Agresti and Coull 1998), so that an
    accuracy of 1 has an error, too. NaN where a row was not measured.
    """
    num = num_judged + 4
    sides = zip(*((row.d_heldout_acc, row.d_fake_acc) for row in rows), strict=True)
    shares = [(num_judged * sum(side) / len(side) + 2) / num for side in sides]
    variance = sum(share * (1.0 - share) / num for share in shares) / 4
    return sum(shares) / 2, sqrt(variance) if variance > 0 else nan


def _gradient_frac(early: Sequence[Evaluation], latest: Sequence[Evaluation]) -> float:
    """Return G's latest gradient norm over its early one; NaN where one was not measured."""
    was, now = _finite_norms(early), _finite_norms(latest)
    return median(now) / median(was) if now and was and median(was) > 0 else nan


def _finite_norms(rows: Sequence[Evaluation]) -> list[float]:
    return [row.g_grad_norm for row in rows if isfinite(row.g_grad_norm)]
