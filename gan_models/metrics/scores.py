"""The numbers of one evaluation, under the names in which they are recorded."""

from dataclasses import asdict, dataclass
from math import nan


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Quality and diversity of a set of fakes against a real reference.

    A number that does not apply is NaN (``modes`` without classes or centres, for example).
    ``fid_a`` and ``fid_b`` are of the two disjoint halves of the fakes: their scatter is the
    noise of the metric. ``fid_debiased`` is without what finite samples add to ``fid``.
    ``mode_entropy`` is normalised to [0, 1], ``reverse_kl`` in nats, ``vendi`` a number of samples,
    ``bins_differing_frac`` about 0.05 for fakes as good as real.
    """

    fid: float
    fid_a: float = nan
    fid_b: float = nan
    fid_debiased: float = nan
    fid_standard_error: float = nan
    kid: float = nan
    kid_standard_error: float = nan
    precision: float = nan
    recall: float = nan
    density: float = nan
    coverage: float = nan
    vendi: float = nan
    bins_differing_frac: float = nan
    modes: float = nan
    mode_entropy: float = nan
    reverse_kl: float = nan
    high_quality_frac: float = nan

    def to_mapping(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Scrutiny:
    """Tests that are too costly for every evaluation, or need samples that it does not see.

    ``c2st`` is the accuracy of a classifier that tells fakes from reals: 0.5 if it cannot.
    ``closer_to_train_frac`` is how often a fake lies closer to the training samples than a held-out
    real does, 0.5 if fakes are no closer, and ``copies_frac`` the share of fakes as close as the
    closest hundredth of held-out reals, ``fair_copies_frac`` for fakes as good as those. NaN where
    the training samples are not known.
    """

    c2st: float
    c2st_standard_error: float
    closer_to_train_frac: float = nan
    closer_to_train_standard_error: float = nan
    copies_frac: float = nan
    fair_copies_frac: float = nan

    def to_mapping(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Certificate(Scores, Scrutiny):
    """How good one generator is against reals that nothing was chosen on, and how sure that is.

    ``fid_low`` and ``fid_high`` bound 95 % of what as many samples or more score,
    ``fid_debiased_low`` and ``fid_debiased_high`` the distance of the two distributions (see
    :mod:`gan_models.metrics.intervals`). ``fid_floor`` is what fakes as good as real would score
    with as many samples. ``real_fid`` is what ``n_chunk`` other reals, drawn at random, do score
    against the same reference, ``fid_at_real_n`` what as many fakes score. Both are means over
    draws of equal size, so their ratio says how far from real the fakes are.
    ``coverage_at_real_n`` is the coverage of ``n_real`` fakes (a mean likewise; NaN where there
    are fewer), since that of many fakes comes close to 1 for any diverse generator;
    ``perfect_coverage_at_real_n`` is what fakes as good as real reach.
    """

    fid_low: float
    fid_high: float
    fid_debiased_low: float = nan
    fid_debiased_high: float = nan
    fid_floor: float
    real_fid: float
    fid_at_real_n: float
    coverage_at_real_n: float
    perfect_coverage_at_real_n: float
    n_chunk: int
    n_fake: int
    n_real: int
    features: str
    protocol: str
