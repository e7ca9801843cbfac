"""Whether one configuration is better than another: paired by training seed.

A seed that is lucky for one set of parameters is often lucky for another, so differences seed by
seed are less noisy than the values. "Better" is claimed only where an interval and a test agree.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import expm1, inf, isfinite, nan
from statistics import stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.decision.candidate import standard_error
from orchestrator.decision.tie import is_tie
from orchestrator.records import json_ready

FEWEST_FOR_TEST = 6  # pairs: of fewer, not even differences of one sign have p < 0.05
_FEWEST_FOR_IQM = 8
_P_VALUE = 0.05
_RESAMPLES = 9999


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One configuration against ``other``; gaps are relative, positive where the other is worse.

    ``gap_low_frac`` to ``gap_high_frac`` is the 95 % interval (BCa bootstrap) and ``p_value`` that
    of the sign-flip permutation test; NaN with fewer than six pairs. ``is_tie`` is what a choice
    goes by: a gap that is too small to tell. ``is_better`` is a claim, which needs six pairs, and
    interval and test; that it cannot be made is no tie.
    """

    other: str
    num_pairs: int
    gap_frac: float
    gap_low_frac: float
    gap_high_frac: float
    p_value: float
    is_tie: bool
    is_better: bool

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        return json_ready(asdict(self))


def centre(values: Sequence[float]) -> float:
    """Return the mean; from eight values on, that of the middle half; infinity of none."""
    return float(_centre(np.asarray(values))) if len(values) else inf


def compare(
    ours: Sequence[float], theirs: Sequence[float], *, other: str, single_error: float = 0.0
) -> Comparison:
    """Compare ln(FID) of two configurations over the same training seeds, in the same order.

    Seeds without a finite score on either side are left out.

    Args:
        ours: one value for each seed.
        theirs: likewise.
        other: whose ``theirs`` are.
        single_error: of the difference of one pair, by measuring alone; what there is to go by
            where there is no second pair.
    """
    pairs = zip(ours, theirs, strict=True)
    gaps = [their - our for our, their in pairs if isfinite(our) and isfinite(their)]
    gap = centre(gaps) if gaps else nan
    error = standard_error(gaps) if len(gaps) > 1 else single_error
    low, high, p_value = _evidence(np.asarray(gaps))
    ties = not gaps or is_tie(gap, error)
    return Comparison(
        other=other,
        num_pairs=len(gaps),
        gap_frac=expm1(gap),
        gap_low_frac=expm1(low),
        gap_high_frac=expm1(high),
        p_value=p_value,
        is_tie=ties,
        is_better=not ties and low > 0 and p_value < _P_VALUE,  # False where NaN: not tested
    )


def _centre(values: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
    from scipy import stats  # half a second, and most sweeps compare no seeds

    cut = 0.25 if values.shape[axis] >= _FEWEST_FOR_IQM else 0.0
    trimmed: NDArray[np.float64] = stats.trim_mean(values, cut, axis=axis)
    return trimmed


def _evidence(gaps: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return both ends of the interval, and the p value."""
    if len(gaps) < FEWEST_FOR_TEST:
        return nan, nan, nan
    from scipy import stats

    test = stats.permutation_test(
        (gaps,),
        _centre,
        permutation_type="samples",
        n_resamples=_RESAMPLES,
        rng=np.random.default_rng(0),
    )
    if stdev(gaps.tolist()) == 0:  # of which no bootstrap can tell anything
        return float(gaps[0]), float(gaps[0]), float(test.pvalue)
    interval = stats.bootstrap(
        (gaps,), _centre, n_resamples=_RESAMPLES, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    return float(interval.low), float(interval.high), float(test.pvalue)
