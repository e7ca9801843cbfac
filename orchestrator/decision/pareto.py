"""Which trials no other one beats in both quality and diversity."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf, isfinite, log1p

from orchestrator.decision.tie import SMALLEST_TELLING_COVERAGE, SMALLEST_TELLING_GAP

_TELLING_LOG_FID = log1p(SMALLEST_TELLING_GAP)


@dataclass(frozen=True)
class Tradeoff:
    """Quality and diversity of one trial.

    Attributes:
        log_fid: ln(FID), lower is better; not finite where nothing was measured.
        coverage: higher is better; NaN where it was not measured.
    """

    log_fid: float
    coverage: float

    @property
    def known_coverage(self) -> float:
        """Coverage that can be claimed: none where it was not measured."""
        return self.coverage if isfinite(self.coverage) else -inf


def pareto_front(tradeoffs: Sequence[Tradeoff]) -> list[bool]:
    """Say of each trial whether it is on the Pareto front of ln(FID) and coverage.

    A trial is off the front if another one is at least as good in both, and better in one by a
    difference that tells: 1.3 % of FID, or 0.01 of coverage. So equal trials, and those that
    noise alone sets apart from the front, stay on it. A trial without a finite FID never is.
    """
    strict = list(_strict_front(tradeoffs))
    return [
        isfinite(each.log_fid) and not any(_outdoes(better, each) for better in strict)
        for each in tradeoffs
    ]


def _strict_front(tradeoffs: Iterable[Tradeoff]) -> Iterable[Tradeoff]:
    """Yield from the lowest FID on whatever raises coverage: all others are beaten by these."""
    highest = -inf
    measured = (each for each in tradeoffs if isfinite(each.log_fid))
    for index, each in enumerate(sorted(measured, key=_by_fid)):
        if index == 0 or each.known_coverage > highest:
            highest = each.known_coverage
            yield each


def _by_fid(tradeoff: Tradeoff) -> tuple[float, float]:
    return tradeoff.log_fid, -tradeoff.known_coverage


def _outdoes(better: Tradeoff, worse: Tradeoff) -> bool:
    log_fid_gap = worse.log_fid - better.log_fid
    if log_fid_gap < 0 or better.known_coverage < worse.known_coverage:
        return False
    if log_fid_gap > _TELLING_LOG_FID:
        return True
    gap = better.known_coverage - worse.known_coverage  # NaN where neither was measured
    return gap > SMALLEST_TELLING_COVERAGE
