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
