"""Sequential halving: many candidates are scored a little, few a lot (Karnin et al., ICML 2013).

What was lucky in training is measured again on fresh fakes; the worse half goes, the rest is
measured again. A candidate is judged by all its fresh scores together, and never by the score that
brought it here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, log2

from orchestrator.decision.candidate import CandidateScores

_FEW = 3  # so many candidates are not halved any more


@dataclass(frozen=True)
class Round:
    """One round: the best ``num_candidates`` so far are scored on the draws of these numbers."""

    num_candidates: int
    draws: range


def plan_rounds(num_candidates: int, num_draws: int) -> list[Round]:
    """Return the rounds in which candidates are halved until few are left.

    Each round adds about twice the draws of the one before, so that all cost about as much, and
    those in the last have ``num_draws``. Fewer draws than rounds leave fewer rounds.

    >>> [(each.num_candidates, len(each.draws)) for each in plan_rounds(12, 7)]
    [(12, 1), (6, 2), (3, 4)]
    """
    num_halvings = max(0, ceil(log2(max(1, num_candidates) / _FEW)))
    num_rounds = min(num_draws, 1 + num_halvings)
    ends = [_draws_until(number, num_rounds, num_draws) for number in range(num_rounds + 1)]
    return [
        Round(ceil(num_candidates / 2**number), range(ends[number], ends[number + 1]))
        for number in range(num_rounds)
    ]


def survivors(
    candidates: Sequence[CandidateScores], count: int, *, min_coverage: float
) -> list[CandidateScores]:
    """Return the best ``count`` by the mean of ln(FID) over all draws, the best first.

    Those below the diversity asked for come after all others; of equals the earlier snapshot wins.
    A candidate that could not be scored is out.
    """
    scored = [candidate for candidate in candidates if candidate.is_scored or not candidate.fids]
    scored.sort(key=lambda each: (each.coverage < min_coverage, each.log_fid, each.snapshot_nimg))
    return scored[:count]


def _draws_until(number: int, num_rounds: int, num_draws: int) -> int:
    """Return how many draws a candidate has after so many rounds, one more each at least."""
    done, all_parts = (1 << number) - 1, (1 << num_rounds) - 1  # of parts 1, 2, 4, …
    return min(max(number, round(num_draws * done / all_parts)), num_draws - num_rounds + number)
