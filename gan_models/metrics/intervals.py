"""How far the distance of a certificate may be off, and for which re-evaluation that holds.

More fakes lower the raw distance of one and the same generator, down to what their finite number
adds: an interval around the raw distance misses what a larger evaluation finds. So there are two:
``fid_low`` to ``fid_high`` reaches from the limit of many samples to the raw distance at these
counts, and holds whatever as many samples or more will score; ``fid_debiased_low`` to
``fid_debiased_high`` holds the distance of the two distributions, and is the narrower one.
"""

from dataclasses import asdict, dataclass
from math import isfinite, nan
from statistics import NormalDist

from torch import Tensor

from gan_models.metrics.bootstrap import frechet_interval
from gan_models.metrics.scores import Scores

_MAX_BOOTSTRAP_DIM = 512  # of wider features, 200 distances cost more than all else together
_REACH = NormalDist().inv_cdf(0.975)  # standard errors


@dataclass(frozen=True, kw_only=True)
class DistanceIntervals:
    """Bounds of 95 % each; NaN where the bias cannot be told (see ``frechet_error``)."""

    fid_low: float
    fid_high: float
    fid_debiased_low: float = nan
    fid_debiased_high: float = nan

    def to_mapping(self) -> dict[str, float]:
        """Return the bounds by name."""
        return asdict(self)


def interval_at_equal_counts(
    scores: Scores, real: Tensor, fakes: Tensor, *, seed: int
) -> tuple[float, float]:
    """Bound the mean raw distance of other samples, as many: by bootstrap where it takes seconds.

    Args:
        scores: of these fakes against these reals.
        real: n x d features.
        fakes: m x d features.
        seed: of the bootstrap.
    """
    reach = _REACH * scores.fid_standard_error
    if fakes.shape[1] > _MAX_BOOTSTRAP_DIM and isfinite(reach):
        return max(0.0, scores.fid - reach), scores.fid + reach
    return frechet_interval(real, fakes, seed=seed)


def distance_intervals(scores: Scores, at_equal_counts: tuple[float, float]) -> DistanceIntervals:
    """Bound what as many samples or more of the same generator and the same data would score.

    Args:
        scores: of the certificate.
        at_equal_counts: their interval as :func:`interval_at_equal_counts` gives it.
    """
    low, high = at_equal_counts
    reach = _REACH * scores.fid_standard_error
    in_the_limit = scores.fid_debiased - reach
    if not isfinite(in_the_limit):
        return DistanceIntervals(fid_low=max(0.0, low - _bias_of_fakes(scores)), fid_high=high)
    return DistanceIntervals(
        fid_low=max(0.0, min(low, in_the_limit)),
        fid_high=high,
        fid_debiased_low=in_the_limit,
        fid_debiased_high=scores.fid_debiased + reach,
    )


def _bias_of_fakes(scores: Scores) -> float:
    """Return what the finite number of fakes adds, by the 1 / n law from the two halves."""
    at_half = (scores.fid_a + scores.fid_b) / 2
    return max(0.0, at_half - scores.fid) if isfinite(at_half) else 0.0
