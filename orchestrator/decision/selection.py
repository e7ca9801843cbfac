"""Which generator is handed over, and what that choice rested on.

The score that made a trial a finalist was lucky to some degree; so the finalists are measured on
fresh samples, and only those scores choose among them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import expm1, hypot, isfinite, nan
from typing import Any

from orchestrator.decision.candidate import CandidateScores
from orchestrator.decision.tie import break_tie, is_more_diverse, is_tie
from orchestrator.errors import SweepError
from orchestrator.records import json_ready


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A winner among candidates, and why; ``passed_gate`` is False where diversity is lacking."""

    winner: CandidateScores
    reason: str
    passed_gate: bool


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The snapshot to hand over, and what choosing it rested on.

    ``fid`` is the mean over the winner's ``draws``; it was selected on and is therefore no
    certificate. ``optimism`` is by how much the certificate is higher, both distances without
    bias where ``optimism_of`` says so. ``generation_seed_sd`` and ``training_seed_sd`` are the
    standard deviations of FID between draws of the winner, and between fresh trainings of its
    parameters; NaN where there was one.

    ``trials`` and ``checkpoints`` count what was scored in training, ``candidates`` the snapshots
    that were scored again, ``evaluations`` those fresh scores. ``comparisons`` hold the winner's
    parameters against the other finalists'. ``passed_gate`` is False where the winner's coverage
    is too low, and where it was not measured.
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
    fid_debiased: float = nan
    fid_debiased_standard_error: float = nan
    n_fake: int | None = None
    n_real: int | None = None
    trials: int | None = None
    checkpoints: int | None = None
    draws: int | None = None
    generation_seed_sd: float = nan
    training_seeds: int = 1
    training_seed_sd: float = nan
    comparisons: tuple[dict[str, Any], ...] = ()
    optimism: float = nan
    optimism_standard_error: float = nan
    optimism_of: str | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        return json_ready(asdict(self)) | {"comparisons": list(self.comparisons)}


def choose_winner(candidates: Sequence[CandidateScores], *, min_coverage: float) -> Choice:
    """Choose the lowest mean ln(FID) among the diverse candidates; a tie goes to diversity.

    FIDs tie if they are less than 1.3 % or two standard errors apart. Of those that tie, one whose
    coverage is tellingly higher (by 0.01 and by two standard errors) wins over the lowest FID, else
    one within 1.3 % whose generator is smaller by a tenth. Where no candidate is diverse, or
    diversity was not measured, FID decides first.

    Raises:
        SweepError: if no candidate has a finite FID.
    """
    scored = [candidate for candidate in candidates if candidate.is_scored]
    if not scored:
        raise SweepError(
            f"none of the {len(candidates)} candidates could be scored on fresh samples"
        )
    diverse = [candidate for candidate in scored if not candidate.coverage < min_coverage]
    eligible = diverse or scored
    leader = min(eligible, key=lambda candidate: candidate.log_fid)
    winner = break_tie(leader, [each for each in eligible if _ties_with(leader, each)])
    lack = "" if diverse else f"no candidate reaches coverage {min_coverage:.2f}; "
    return Choice(
        winner=winner,
        reason=lack + _reason(winner, leader, len(eligible)),
        passed_gate=winner.coverage >= min_coverage,
    )


def _ties_with(leader: CandidateScores, candidate: CandidateScores) -> bool:
    error = hypot(leader.log_standard_error, candidate.log_standard_error)
    return is_tie(candidate.log_fid - leader.log_fid, error)


def _reason(winner: CandidateScores, leader: CandidateScores, num_eligible: int) -> str:
    scores = f"FID {winner.fid:.3g}, {_diversity(winner)}, over {len(winner.fids)} draws"
    if winner is leader:
        return f"{scores}: the lowest FID of {num_eligible} candidates"
    gap = expm1(winner.log_fid - leader.log_fid)
    other = f"{leader.trial_id} at {leader.snapshot_nimg / 1000:g} kimg"
    tie = f"{scores}: a tie with the lowest FID, {leader.fid:.3g} of {other} ({gap:.1%} apart)"
    if is_more_diverse(winner, leader):
        return f"{tie}, decided by diversity ({_diversity(leader)} there)"
    return f"{tie}, decided by size ({winner.num_weights:,} weights, {leader.num_weights:,} there)"


def _diversity(candidate: CandidateScores) -> str:
    coverage = candidate.coverage
    return f"coverage {coverage:.2f}" if isfinite(coverage) else "coverage not measured"
