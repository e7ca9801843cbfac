"""What the searcher is told of a trial: the smoothed best with its fidelity, or a failure."""

from collections.abc import Sequence
from math import isfinite

from orchestrator.records import StoppedBy, TrialRecord, TrialStatus, VerdictKind
from orchestrator.sampling.outcome import FAILURE, Direction, Outcome

DIRECTIONS: dict[str, Direction] = {"fid": "minimize", "coverage": "maximize"}
_FAILED_KINDS = (VerdictKind.COLLAPSED, VerdictKind.DIVERGED, VerdictKind.DEAD)
_ENDED_BY_ITSELF = (StoppedBy.BUDGET, StoppedBy.VERDICT)
_COVERAGE_UNMEASURED = 0.0  # diversity that nobody measured is no reason to propose the like


def outcome_of(record: TrialRecord, objectives: Sequence[str] = ("fid",)) -> Outcome:
    """Return how a trial scores in each objective: smoothed best ln(FID), coverage at the best.

    Args:
        record: of a trial that has ended, or that stands still where it is.
        objectives: names of :data:`DIRECTIONS`, in the sampler's order.
    """
    is_broken = record.verdict in _FAILED_KINDS or record.status is TrialStatus.FAILED
    if is_broken or not isfinite(record.score):
        return FAILURE
    is_measured = isfinite(record.best_coverage)
    scores = {
        "fid": record.score,
        "coverage": record.best_coverage if is_measured else _COVERAGE_UNMEASURED,
    }
    return Outcome(
        values=tuple(scores[name] for name in objectives),
        nimg=record.nimg,
        is_final=record.stopped_by in _ENDED_BY_ITSELF,
    )
