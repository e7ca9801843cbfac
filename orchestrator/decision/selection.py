"""Which trials are tested again, and which generator is handed over.

The score that made a trial a finalist was lucky to some degree; so the finalists are measured on
fresh samples, and only those scores choose among them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from math import expm1, hypot, inf, isfinite, log1p, nan, sqrt
from statistics import fmean, stdev
from typing import Any, Protocol

from orchestrator.decision.score import log_metric
from orchestrator.errors import SweepError
from orchestrator.records import Action, TrialRecord, Verdict, VerdictKind

SMALLEST_TELLING_GAP = 0.013  # relative; a smaller difference of two FIDs settles nothing
SMALLEST_TELLING_COVERAGE = 0.01  # a smaller gain is a handful of reals, not diversity
TELLING_STANDARD_ERRORS = 2.0


class Judged(Protocol):
    """A trial with the verdicts on it, the latest last."""

    @property
    def record(self) -> TrialRecord:
        """Where the trial stands."""
        ...

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """One for each evaluation."""
        ...


@dataclass(frozen=True, kw_only=True)
class CandidateScores:
    """What one finalist's snapshot scored; one FID and one coverage for each fresh draw of z."""

    trial_id: str
    snapshot_nimg: int
    fids: tuple[float, ...]
    coverages: tuple[float, ...]

    @property
    def log_fid(self) -> float:
        """Mean of ln(FID); infinity if a draw could not be scored."""
        return fmean(map(log_metric, self.fids)) if self.fids else inf

    @property
    def log_standard_error(self) -> float:
        """Standard error of :attr:`log_fid`; 0 where one draw leaves it unknown."""
        known = len(self.fids) > 1 and isfinite(self.log_fid)
        return _standard_error([log_metric(fid) for fid in self.fids]) if known else 0.0

    @property
    def coverage(self) -> float:
        """Mean coverage; NaN if it was not measured."""
        return fmean(self.coverages) if self.coverages else nan

    @property
    def coverage_standard_error(self) -> float:
        """Standard error of :attr:`coverage`; 0 where one draw leaves it unknown."""
        known = len(self.coverages) > 1 and isfinite(self.coverage)
        return _standard_error(self.coverages) if known else 0.0


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The snapshot to hand over, and what choosing it rested on.

    ``fid`` is the mean over the winner's draws; it was selected on and is therefore no
    certificate. ``candidates`` and ``evaluations`` count what was looked at. ``passed_gate`` is
    False where the winner's coverage is too low, and where it was not measured.
    """

    trial_id: str
    snapshot_nimg: int
    fid: float
    fid_standard_error: float
    coverage: float
    candidates: int
    evaluations: int
    reason: str
    passed_gate: bool

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        return {key: _plain(value) for key, value in asdict(self).items()}


def choose_finalists(
    trials: Iterable[Judged], count: int, min_coverage: float
) -> list[TrialRecord]:
    """Return the best trials by score that are worth testing again, at most ``count``.

    Dead trials are no candidates, nor are those without a finite score after training began. Of
    the rest only those count that no verdict rejected and that are diverse (coverage not below
    ``min_coverage`` where it was measured); if there is none, the best of all are returned, and
    :func:`choose_winner` says so.
    """
    scored = [trial for trial in trials if _is_scored(trial)]
    shippable = [
        trial.record
        for trial in scored
        if is_deliverable(trial) and not trial.record.best_coverage < min_coverage
    ]
    eligible = shippable or [trial.record for trial in scored]
    return sorted(eligible, key=lambda record: (record.score, record.index))[:count]


def choose_winner(candidates: Sequence[CandidateScores], *, min_coverage: float) -> Selection:
    """Choose the lowest mean ln(FID) among the diverse candidates; a tie goes to diversity.

    FIDs tie if they are less than 1.3 % or two standard errors apart. Of those that tie, one whose
    coverage is tellingly higher (by 0.01 and by two standard errors) wins over the lowest FID.
    Where no candidate is diverse, or diversity was not measured, FID decides alone.

    Raises:
        SweepError: if no candidate has a finite FID.
    """
    scored = [candidate for candidate in candidates if isfinite(candidate.log_fid)]
    if not scored:
        raise SweepError(
            f"none of the {len(candidates)} candidates could be scored on fresh samples"
        )
    diverse = [candidate for candidate in scored if not candidate.coverage < min_coverage]
    eligible = diverse or scored
    leader = min(eligible, key=lambda candidate: candidate.log_fid)
    richer = [
        candidate
        for candidate in eligible
        if _is_tie(leader, candidate) and _is_more_diverse(candidate, leader)
    ]
    winner = max(richer, key=lambda candidate: candidate.coverage, default=leader)
    lack = "" if diverse else f"no candidate reaches coverage {min_coverage:.2f}; "
    return Selection(
        trial_id=winner.trial_id,
        snapshot_nimg=winner.snapshot_nimg,
        fid=fmean(winner.fids),
        fid_standard_error=_standard_error(winner.fids) if len(winner.fids) > 1 else nan,
        coverage=winner.coverage,
        candidates=len(candidates),
        evaluations=sum(len(candidate.fids) for candidate in candidates),
        reason=lack + _reason(winner, leader, len(eligible)),
        passed_gate=winner.coverage >= min_coverage,
    )


def is_deliverable(trial: Judged) -> bool:
    """Say whether a trial has a generator with a score that no verdict rejected."""
    is_rejected = bool(trial.verdicts) and trial.verdicts[-1].action is Action.STOP_REJECT
    return _is_scored(trial) and not is_rejected


def _is_scored(trial: Judged) -> bool:
    record = trial.record
    has_trained = record.nimg > 0  # an untrained generator has a score, but no snapshot
    return has_trained and isfinite(record.score) and record.verdict is not VerdictKind.DEAD


def _is_tie(leader: CandidateScores, candidate: CandidateScores) -> bool:
    error = hypot(leader.log_standard_error, candidate.log_standard_error)
    telling = max(log1p(SMALLEST_TELLING_GAP), TELLING_STANDARD_ERRORS * error)
    return candidate.log_fid - leader.log_fid < telling


def _is_more_diverse(candidate: CandidateScores, leader: CandidateScores) -> bool:
    error = hypot(leader.coverage_standard_error, candidate.coverage_standard_error)
    telling = max(SMALLEST_TELLING_COVERAGE, TELLING_STANDARD_ERRORS * error)
    return candidate.coverage - leader.coverage > telling  # False where one was not measured


def _reason(winner: CandidateScores, leader: CandidateScores, num_eligible: int) -> str:
    scores = f"FID {fmean(winner.fids):.3g}, {_diversity(winner)}, over {len(winner.fids)} draws"
    if winner is leader:
        return f"{scores}: the lowest FID of {num_eligible} candidates"
    gap = expm1(winner.log_fid - leader.log_fid)
    other = f"{leader.trial_id} at {leader.snapshot_nimg / 1000:g} kimg"
    return (
        f"{scores}: a tie with the lowest FID, {fmean(leader.fids):.3g} of {other}"
        f" ({gap:.1%} apart), decided by diversity ({_diversity(leader)} there)"
    )


def _diversity(candidate: CandidateScores) -> str:
    coverage = candidate.coverage
    return f"coverage {coverage:.2f}" if isfinite(coverage) else "coverage not measured"


def _standard_error(values: Sequence[float]) -> float:
    return stdev(values) / sqrt(len(values))


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not isfinite(value) else value
