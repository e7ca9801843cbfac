"""How many cells of feature space hold another share of fakes than of reals.

Number of statistically different bins (NDB: Richardson & Weiss, 1805.12462), as a share of all
bins. The bins are the Voronoi cells of k-means centres, fitted to reals once and kept: bins drawn
anew would move the score from one evaluation to the next.
"""

from dataclasses import dataclass
from statistics import NormalDist
from warnings import catch_warnings, simplefilter

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.seeds import derive_seed, torch_generator
from gan_models.threads import pinned_threads

MIN_BINS = 2
MAX_BINS = 100
MIN_SAMPLES = 2 * MIN_BINS  # as many to fit as to count
_REALS_PER_BIN = 20
_LEVEL = 0.05
_CRITICAL_Z = NormalDist().inv_cdf(1 - _LEVEL / 2)
_CHUNK_ROWS = 4096


@dataclass(frozen=True)
class Bins:
    """K centres (K x d float64) and how many reals lie nearest to each (K, int64).

    The counted reals are others than those that the centres were fitted to.
    """

    centres: Tensor
    real_counts: Tensor


@dataclass(frozen=True)
class BinScores:
    """How unlike the histograms of fakes and reals over the bins are.

    ``differing_frac`` is the share of bins that differ at the 5 % level: about 0.05 for fakes as
    good as real, less where many bins are all but empty.
    """

    differing_frac: float


def fit_bins(features: Tensor, *, seed: int) -> Bins:
    """Fit k-means centres to a random half of n x d real features, and count the other half.

    There are n / 40 bins, but at least 2 and at most 100: most hold some 20 counted reals.

    Reals lie nearer to centres that were fitted to them than other samples do. Counted again, they
    would let 0.02 to 0.12 of the bins differ from perfect fakes (450 to 2000 reals of 64
    dimensions; 0.7 for 450 heavy-tailed ones) where reals kept apart let 0.01 to 0.06.

    Args:
        features: of reals, float32 or float64.
        seed: of the halves and of k-means; the number of threads does not move the centres.

    Raises:
        MetricError: if there are fewer than four samples.
    """
    if len(features) < MIN_SAMPLES:
        raise MetricError(f"bins: {len(features)} reals; at least {MIN_SAMPLES} are needed")
    order = torch.randperm(len(features), generator=torch_generator("cpu", seed, "bins", "halves"))
    fitted, counted = order.tensor_split(2)
    num_bins = min(max(len(counted) // _REALS_PER_BIN, MIN_BINS), MAX_BINS)
    centres = _fit_centres(features[fitted], num_bins, seed)
    return Bins(centres, _count(centres, features[counted]))


def different_bins(bins: Bins, fakes: Tensor) -> BinScores:
    """Compare the histogram of m x d fakes with that of the reals, bin by bin.

    The test of a bin is that of two proportions with a pooled variance. A bin that holds nothing
    does not differ.

    Raises:
        MetricError: if there are no fakes, or they have another width than the centres.
    """
    if len(fakes) == 0:
        raise MetricError("bins: there are no fakes")
    if fakes.shape[1] != bins.centres.shape[1]:
        raise MetricError(
            f"bins: fakes have {fakes.shape[1]} values each, reals {bins.centres.shape[1]}"
        )
    fake_counts = _count(bins.centres, fakes)
    return BinScores(
        differing_frac=float(_differs(bins.real_counts, fake_counts).double().mean()),
    )


def _fit_centres(features: Tensor, num_bins: int, seed: int) -> Tensor:
    from sklearn.cluster import KMeans  # takes a second to import; only a reference needs it
    from sklearn.exceptions import ConvergenceWarning

    kmeans = KMeans(num_bins, n_init=1, random_state=derive_seed(seed, "bins", "centres") % 2**32)
    with pinned_threads(1), catch_warnings():
        # Fewer distinct samples than bins leave bins empty, which is defined.
        simplefilter("ignore", ConvergenceWarning)
        kmeans.fit(features.numpy())
    return torch.from_numpy(kmeans.cluster_centers_).double()


def _count(centres: Tensor, features: Tensor) -> Tensor:
    """Return how many samples lie nearest to each centre."""
    nearest = [_nearest(centres, chunk) for chunk in features.split(_CHUNK_ROWS)]
    return torch.bincount(torch.cat(nearest), minlength=len(centres))


def _nearest(centres: Tensor, features: Tensor) -> Tensor:
    # |x − c|² = |x|² − 2 (x·c − |c|² / 2), about the mean of the centres to keep the digits.
    origin = centres.mean(dim=0)
    near_centres = centres - origin
    affinity = (features.double() - origin) @ near_centres.T
    return (affinity - near_centres.square().sum(dim=1) / 2).argmax(dim=1)


def _differs(real_counts: Tensor, fake_counts: Tensor) -> Tensor:
    """Return for each bin whether a two-proportion z-test tells the sets apart."""
    n, m = real_counts.sum(), fake_counts.sum()
    pooled = (real_counts + fake_counts).double() / (n + m)
    standard_error = (pooled * (1 - pooled) * (1 / n + 1 / m)).sqrt()
    gap = (_shares(real_counts) - _shares(fake_counts)).abs()
    return gap > _CRITICAL_Z * standard_error


def _shares(counts: Tensor) -> Tensor:
    return counts.double() / counts.sum()
