"""What every rule of a verdict looks at, and how its evidence is put into words."""

from math import exp
from typing import NamedTuple

from orchestrator.decision.curve import Curve
from orchestrator.decision.rules import VerdictRules

_LARGEST_EXPONENT = 300.0  # far beyond any ratio of two FIDs that means something


class Case(NamedTuple):
    """A trial's curve with what it is judged by."""

    curve: Curve
    best: int  # row of the lowest FID
    rules: VerdictRules
    self_coverage: float  # of real samples against real samples
    budget_nimg: int | None = None  # images that the trial is meant to see

    @property
    def last(self) -> int:
        """The row that a verdict is about."""
        return len(self.curve) - 1

    @property
    def coverage_floor(self) -> float:
        """The coverage below which a generator has next to no diversity."""
        return self.rules.coverage_floor_frac * self.self_coverage

    @property
    def coverage_gate(self) -> float:
        """The coverage from which a generator counts as diverse."""
        return self.rules.coverage_gate_frac * self.self_coverage


def times(log_ratio: float) -> str:
    """Say a ratio of FIDs: ``2.1x``."""
    return f"{exp(min(log_ratio, _LARGEST_EXPONENT)):.3g}x"


def fid_and_best(case: Case) -> str:
    """Say where FID stands and where it was best: ``FID 14.2, best 11.8 at 90 kimg``."""
    curve, best = case.curve, case.best
    now = f"FID {curve.rows[-1].fid:.3g}"
    if best == case.last:
        return f"{now}, its best so far"
    return f"{now}, best {curve.rows[best].fid:.3g} at {curve.place(best)}"


def fid_against_best(case: Case) -> str:
    """Say how much worse than its best FID is: ``FID 2.1x its best (11.8 at 90 kimg)``."""
    curve, best = case.curve, case.best
    ratio = times(curve.log_fid[-1] - curve.log_fid[best])
    return f"FID {ratio} its best ({curve.rows[best].fid:.3g} at {curve.place(best)})"


def fid_against_first(case: Case) -> str:
    """Say how much worse than its first value FID is: ``FID 2.4x its first value (180)``."""
    curve = case.curve
    ratio = times(curve.log_fid[-1] - curve.log_fid[0])
    return f"FID {ratio} its first value ({curve.rows[0].fid:.3g})"


def coverage_and_best(case: Case) -> str:
    """Say how diversity fell: ``coverage 0.31, was 0.84 at 120 kimg``."""
    curve, fullest = case.curve, case.curve.index_of_fullest
    now = f"coverage {curve.coverage[-1]:.2f}"
    if fullest is None or fullest == case.last:
        return now
    return f"{now}, was {curve.coverage[fullest]:.2f} at {curve.place(fullest)}"
