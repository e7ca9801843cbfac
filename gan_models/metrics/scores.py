"""The numbers of one evaluation, under the names in which they are recorded."""

from dataclasses import asdict, dataclass
from math import nan


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Quality and diversity of a set of fakes against a real reference.

    A number that does not apply is NaN (``modes`` without classes or centres, for example).
    ``fid_a`` and ``fid_b`` are of the two disjoint halves of the fakes: their scatter is the
    noise of the metric. ``mode_entropy`` is normalised to [0, 1].
    """

    fid: float
    fid_a: float = nan
    fid_b: float = nan
    kid: float = nan
    precision: float = nan
    recall: float = nan
    density: float = nan
    coverage: float = nan
    modes: float = nan
    mode_entropy: float = nan
    high_quality_frac: float = nan

    def to_mapping(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """How good one generator is against reals that nothing was chosen on, and how sure that is.

    ``fid_low`` and ``fid_high`` bound 95 %. ``real_fid`` is what ``n_chunk`` other reals, drawn at
    random, score against the same reference, ``fid_at_real_n`` what as many fakes score. Both are
    means over draws of equal size, so their ratio says how far from real the fakes are.
    ``coverage_at_real_n`` is the coverage of ``n_real`` fakes (a mean likewise; NaN where there
    are fewer), since that of many fakes comes close to 1 for any diverse generator.
    """

    fid: float
    fid_low: float
    fid_high: float
    coverage: float
    density: float
    precision: float
    recall: float
    modes: float
    mode_entropy: float
    high_quality_frac: float
    real_fid: float
    fid_at_real_n: float
    coverage_at_real_n: float
    n_chunk: int
    n_fake: int
    n_real: int
    features: str
    protocol: str

    def to_mapping(self) -> dict[str, float | int | str]:
        """Return the fields by name."""
        return asdict(self)
