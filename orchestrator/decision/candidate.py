"""What one snapshot scored when it was tested again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan, sqrt
from statistics import fmean, stdev
from typing import Self

from orchestrator.decision.score import log_metric


@dataclass(frozen=True, kw_only=True)
class CandidateScores:
    """A snapshot and its scores; one of each kind for each fresh draw of z.

    ``debiased_fids`` are without what finite samples add, and ``standard_errors`` are theirs.
    ``num_weights`` is the size of the generator: what it costs to use.
    """

    trial_id: str
    snapshot_nimg: int
    fids: tuple[float, ...] = ()
    coverages: tuple[float, ...] = ()
    debiased_fids: tuple[float, ...] = ()
    standard_errors: tuple[float, ...] = ()
    num_weights: int = 0

    def with_draw(
        self, *, fid: float, coverage: float, debiased_fid: float, standard_error: float
    ) -> Self:
        """Return the candidate with the scores of one more draw."""
        return replace(
            self,
            fids=(*self.fids, fid),
            coverages=(*self.coverages, coverage),
            debiased_fids=(*self.debiased_fids, debiased_fid),
            standard_errors=(*self.standard_errors, standard_error),
        )

    @property
    def is_scored(self) -> bool:
        """Whether every draw has a finite FID, and there is one."""
        return isfinite(self.log_fid)

    @property
    def fid(self) -> float:
        """Mean FID; NaN without a draw."""
        return _mean(self.fids)

    @property
    def log_fid(self) -> float:
        """Mean of ln(FID); infinity if a draw could not be scored."""
        return fmean(map(log_metric, self.fids)) if self.fids else inf

    @property
    def log_standard_error(self) -> float:
        """Standard error of :attr:`log_fid`; 0 where one draw leaves it unknown."""
        return standard_error([log_metric(fid) for fid in self.fids])

    @property
    def coverage(self) -> float:
        """Mean coverage; NaN if it was not measured."""
        return _mean(self.coverages)

    @property
    def coverage_standard_error(self) -> float:
        """Standard error of :attr:`coverage`; 0 where one draw leaves it unknown."""
        return standard_error(self.coverages)

    @property
    def debiased_fid(self) -> float:
        """Mean of the distances without bias; NaN where one is not known."""
        return _mean(self.debiased_fids)

    @property
    def debiased_standard_error(self) -> float:
        """At most this: the draw of the reals is the same for all, and does not average out."""
        return _mean(self.standard_errors)


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of a mean; 0 where it is unknown: of one value, or with NaN."""
    is_known = len(values) > 1 and all(map(isfinite, values))
    return stdev(values) / sqrt(len(values)) if is_known else 0.0


def _mean(values: Sequence[float]) -> float:
    return fmean(values) if values else nan
