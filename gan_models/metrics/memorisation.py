"""Memorisation: are fakes closer to the training samples than held-out reals are?

The global form of the data-copying test of Meehan et al., 2004.05675 (theirs compares cell by
cell, then averages). A generator that learnt the distribution is no closer to its training
samples than other draws of the distribution. It is closer if it copies them, but also if it only
makes typical samples, where the training samples lie dense; fakes far from all reals hide copies
in ``closer_frac``, hardly in ``copies_frac``. So this is a guard that asks for a look at nearest
neighbours, not a proof.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.distances import nearest_squared_distances

_COPY_ONE_IN = 100  # held-out reals
_MIN_SAMPLES = 2  # of which a variance can be taken


@dataclass(frozen=True, kw_only=True)
class Memorisation:
    """How close fakes come to training samples, against held-out reals; shares in [0, 1].

    Attributes:
        closer_frac: chance that a fake is closer to its nearest training sample than a held-out
            real is to its own, ties half: 0.5 is fair, 1 means that all are closer.
        standard_error: of ``closer_frac``, for these training samples. Zero at 0 and 1, where the
            two kinds of distances do not overlap.
        copies_frac: share of fakes closer to a training sample than about 1 % of held-out reals.
        fair_copies_frac: expectation of ``copies_frac`` for fakes as good as held-out reals: about
            0.01, and 1 / (n + 1) for n < 199 held-out reals.
    """

    closer_frac: float
    standard_error: float
    copies_frac: float
    fair_copies_frac: float


def memorisation(train: Tensor, heldout: Tensor, fakes: Tensor) -> Memorisation:
    """Compare the distances of fakes and of held-out reals to the nearest training sample.

    Args:
        train: n x d features of what the generator learnt from.
        heldout: m x d features of reals of the same distribution that it never saw.
        fakes: l x d features of fakes.

    Raises:
        MetricError: if there are fewer than 2 held-out reals or fakes or no training sample, if
            widths differ, or if a value is not finite.
    """
    for samples, what, needed in (
        (train, "training samples", 1),
        (heldout, "held-out reals", _MIN_SAMPLES),
        (fakes, "fakes", _MIN_SAMPLES),
    ):
        if len(samples) < needed:
            raise MetricError(f"memorisation: {len(samples)} {what}; at least {needed} are needed")
    real_distances = nearest_squared_distances(heldout, train)
    fake_distances = nearest_squared_distances(fakes, train)
    closer_frac, standard_error = _chance_below(fake_distances, real_distances)
    copies_frac, fair_copies_frac = _share_below_lowest(fake_distances, real_distances)
    return Memorisation(
        closer_frac=closer_frac,
        standard_error=standard_error,
        copies_frac=copies_frac,
        fair_copies_frac=fair_copies_frac,
    )


def _chance_below(ours: Tensor, theirs: Tensor) -> tuple[float, float]:
    """Return Mann–Whitney's U / (n m) and its standard error by placements.

    DeLong et al., Biometrics 44 (1988) 837: it holds away from equal distributions too.
    """
    below = 1 - _placements(ours, theirs)
    above = _placements(theirs, ours)
    variance = below.var() / len(ours) + above.var() / len(theirs)
    return float(below.mean()), float(variance.sqrt())


def _placements(values: Tensor, others: Tensor) -> Tensor:
    """Return the share of others below each value, ties half."""
    ordered = others.sort().values
    below = torch.searchsorted(ordered, values)
    not_above = torch.searchsorted(ordered, values, right=True)
    return (below + not_above).double() / (2 * len(others))


def _share_below_lowest(ours: Tensor, theirs: Tensor) -> tuple[float, float]:
    """Return the share of ours below the r-th lowest of their n, and its fair value r / (n + 1).

    r is the largest for which that is at most 1 %, but at least 1. One of ours that ties with it
    counts by the chance of preceding it if equal ones were put in random order, which keeps the
    fair value exact and shows copies even where held-out reals repeat training samples.
    """
    rank = max(1, (len(theirs) + 1) // _COPY_ONE_IN)
    threshold = theirs.kthvalue(rank).values
    num_below = int((theirs < threshold).sum())
    num_tied = int((theirs == threshold).sum())
    tie_chance = (rank - num_below) / (num_tied + 1)
    hits = (ours < threshold).double() + tie_chance * (ours == threshold)
    return float(hits.mean()), rank / (len(theirs) + 1)
