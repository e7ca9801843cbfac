"""Are more trials worth it? What they are expected to gain, against what a re-test could tell.

No model of the search space: only the scores of the trials that have finished or are paused, in
the order in which they were proposed. All scores are smoothed best ln(FID), so that gains are
relative.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, isfinite, log1p, sqrt

from orchestrator.decision.noise import noise_by_halves
from orchestrator.decision.tie import SMALLEST_TELLING_GAP
from orchestrator.records import Evaluation

MIN_FINISHED = 12  # of which at least the next number must have a finite score
_MIN_SCORES = 6
_MIN_TAIL = 5
_MIN_RECENT = 10
_RECENT_FRAC = 1 / 3
_NUM_BEST_ROWS = 9


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """What the trials that are left promise.

    Attributes:
        num_left: how many more trials are meant.
        gain: by how much they are expected to lower the best ln(FID); infinity if unknown.
        error: how far a re-evaluation of the best moves its ln(FID), typically.
    """

    num_left: int
    gain: float
    error: float

    @property
    def is_settled(self) -> bool:
        """Whether they promise less than a re-evaluation could tell."""
        return self.gain < self.error

    @property
    def reason(self) -> str:
        """The comparison in words and numbers."""
        gain, error = -expm1(-self.gain), expm1(self.error)
        relation = "below" if self.is_settled else "not below"
        return (
            f"expected gain of {self.num_left} more trials {gain:.1%} is {relation} the "
            f"re-evaluation error {error:.1%}"
        )


def prospect(
    scores: Sequence[float], best_rows: Sequence[Evaluation], *, num_left: int
) -> Prospect:
    """Judge what ``num_left`` more trials promise.

    Args:
        scores: smoothed best ln(FID) of every trial that has finished or is paused, in the order of
            proposal; not finite for one that failed.
        best_rows: evaluations of the trial with the lowest score.
        num_left: trials that may still be proposed, at least 1.
    """
    gain = expected_gain(scores, num_left) if len(scores) >= MIN_FINISHED else inf
    return Prospect(num_left=num_left, gain=gain, error=reevaluation_error(best_rows))


def expected_gain(scores: Sequence[float], num_more: int) -> float:
    """Return by how much ``num_more`` trials are expected to lower the best score.

    The greater of two estimates: that the coming trials are like all that were, and that they are
    like the latest third, for a sampler that learns proposes better ones. Infinity if too few
    scores are known.
    """
    recent = scores[-max(_MIN_RECENT, round(_RECENT_FRAC * len(scores))) :]
    best = min(scores)
    return max(_gain_of_alike(window, best, num_more) for window in (scores, recent))


def reevaluation_error(rows: Sequence[Evaluation]) -> float:
    """Return the standard deviation of ln(FID) by measuring, at the best of these evaluations.

    From the two half-samples of each; at least the gap below which selection calls two FIDs a
    tie (1.3 %), which stands alone where halves were not recorded. The scatter of training is
    left out: it would end a search early that is only noisy.
    """
    best = sorted((row for row in rows if isfinite(row.fid)), key=lambda row: row.fid)
    noise = noise_by_halves(best[:_NUM_BEST_ROWS])
    smallest = log1p(SMALLEST_TELLING_GAP)
    return max(smallest, noise) if isfinite(noise) else smallest


def _gain_of_alike(scores: Sequence[float], best: float, num_more: int) -> float:
    """Return the expected gain over ``best`` if the coming trials are exchangeable with these.

    After n trials the j-th to come is the lowest so far with a chance of 1 / (n + j), whatever
    their distribution. Where the lower tail is exponential with mean s, it then leads the one
    before by s, and passes a ``best`` that lies lower by g with a chance of exp(-g / s).
    """
    scale = _tail_scale(scores)
    if scale is None:
        return inf
    if scale == 0:
        return 0.0
    lead = scale * exp((best - min(scores)) / scale)
    return lead * sum(1 / (len(scores) + j) for j in range(1, num_more + 1))


def _tail_scale(scores: Sequence[float]) -> float | None:
    """Fit the mean of the exponential lower tail by Hill's estimator; None without enough scores.

    Hill (1975), Annals of Statistics 3. FID that is bounded from below has a shorter tail, so
    that the estimate errs towards proposing on. The divisor r - 1 makes it the mean of the
    posterior under the usual prior 1 / scale.
    """
    lowest = sorted(filter(isfinite, scores))
    if len(lowest) < _MIN_SCORES:
        return None
    count = min(len(lowest) - 1, max(_MIN_TAIL, round(sqrt(len(lowest)))))
    return sum(lowest[count] - score for score in lowest[:count]) / (count - 1)
