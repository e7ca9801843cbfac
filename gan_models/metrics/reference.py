"""The real side of every score: computed once for a data set and an extractor, then shared."""

from dataclasses import dataclass
from math import nan
from pathlib import Path

import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Split
from gan_models.errors import MetricError
from gan_models.features.base import FeatureExtractor
from gan_models.features.cache import Tensors, cached_tensors
from gan_models.metrics.bins import Bins, fit_bins
from gan_models.metrics.frechet import FactoredGaussian, checked_features, fit_gaussian
from gan_models.metrics.frechet_error import bias_of_perfect, enough_for_bias
from gan_models.metrics.kernel import kernel_row_sums
from gan_models.metrics.neighbours import DEFAULT_K, check_enough, squared_radii
from gan_models.metrics.protocol import Protocol
from gan_models.threads import pinned_threads

REFERENCE_VERSION = 2  # to be raised when code moves a number of a reference

_BINS_SEED = 0


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What fakes are compared with: real samples of one split, seen by one extractor.

    ``features`` is n x d float32, ``squared_radii`` (length n) reaches to each sample's k-th
    nearest other one, ``kernel_row_sums`` (length n) is the real part of the kernel distance.
    ``strata`` is the class of each sample where the split holds a fixed number of each class.
    ``bias_of_reals`` is what their finite number adds to a Fréchet distance of 0, and
    ``bias_of_random`` what as many samples drawn at random do. The tensors are views of a file that
    other processes share: do not write into them.
    """

    data_name: str
    data_fingerprint: str
    split: Split
    features_name: str
    features_fingerprint: str
    features: Tensor
    gaussian: FactoredGaussian
    squared_radii: Tensor
    kernel_row_sums: Tensor
    bins: Bins
    strata: Tensor | None
    bias_of_reals: float
    bias_of_random: float
    k: int

    def __len__(self) -> int:
        return self.features.shape[0]

    def frechet_floor(self, n_fake: int) -> float:
        """Return the Fréchet distance that ``n_fake`` fakes as good as real score on average.

        NaN where there are too few samples for the dimensions (see ``frechet_error``).
        """
        if not enough_for_bias(len(self), n_fake, dim=self.gaussian.dim):
            return nan
        return self.bias_of_reals + self.bias_of_random * len(self) / n_fake

    def protocol(self, *, n_fake: int, seed: int) -> Protocol:
        """Return the protocol of scoring ``n_fake`` fakes drawn by ``seed`` against this."""
        return Protocol(
            data=self.data_fingerprint,
            split=str(self.split),
            features=self.features_fingerprint,
            n_fake=n_fake,
            n_real=len(self),
            k=self.k,
            seed=seed,
        )


def build_reference(
    real: Dataset,
    split: Split,
    extractor: FeatureExtractor,
    *,
    k: int = DEFAULT_K,
    cache_dir: Path | None = None,
) -> Reference:
    """Extract and summarise the real samples of one split, or read what an earlier call found.

    Args:
        real: the samples; their fingerprint stands for them in the cache.
        split: what to call them in a protocol.
        extractor: its fingerprint stands for it in the cache.
        k: nearest neighbours of precision, recall, density and coverage.
        cache_dir: where to look; None means the user's cache.

    Raises:
        MetricError: if there are fewer than k + 2 samples, or features are not finite, or all
            equal.
    """
    check_enough(len(real), k, f"{real.name}, {split} split")
    features = real_features(real, extractor, cache_dir=cache_dir)
    parts = cached_tensors(
        "reference",
        _recipe(real, extractor)
        | {"k": k, "bins_seed": _BINS_SEED, "stratified": real.is_stratified},
        lambda: _summarise(_varied(features, real, extractor), _strata(real), k),
        cache_dir=cache_dir,
    )
    return Reference(
        data_name=real.name,
        data_fingerprint=real.fingerprint,
        split=split,
        features_name=extractor.name,
        features_fingerprint=extractor.fingerprint,
        features=features,
        gaussian=FactoredGaussian(parts["mean"], parts["factor"]),
        squared_radii=parts["squared_radii"],
        kernel_row_sums=parts["kernel_row_sums"],
        bins=Bins(parts["bin_centres"], parts["bin_real_counts"]),
        strata=_strata(real),
        bias_of_reals=float(parts["bias_of_reals"]),
        bias_of_random=float(parts["bias_of_random"]),
        k=k,
    )


def real_features(
    real: Dataset, extractor: FeatureExtractor, *, cache_dir: Path | None = None
) -> Tensor:
    """Return the n x d features of real samples, extracted at most once on a machine.

    Raises:
        MetricError: if there are fewer than two samples, or features are not finite.
    """
    tensors = cached_tensors(
        "features", _recipe(real, extractor), lambda: _extract(real, extractor), cache_dir=cache_dir
    )
    return tensors["features"]


def _recipe(real: Dataset, extractor: FeatureExtractor) -> dict[str, str | int]:
    return {
        "version": REFERENCE_VERSION,
        "data": real.fingerprint,
        "num_samples": len(real),
        "features": extractor.fingerprint,
        "torch": torch.__version__,
    }


def _extract(real: Dataset, extractor: FeatureExtractor) -> Tensors:
    with pinned_threads(1):  # so that whoever comes first leaves the same bits
        return {"features": checked_features(extractor(real.stored), extractor.dim)}


def _varied(features: Tensor, real: Dataset, extractor: FeatureExtractor) -> Tensor:
    if (features == features[0]).all():
        raise MetricError(
            f"{real.name}: '{extractor.name}' gives all {len(real)} real samples equal features, "
            "in which nothing can be compared"
        )
    return features


@pinned_threads(1)
def _summarise(features: Tensor, strata: Tensor | None, k: int) -> Tensors:
    gaussian = fit_gaussian(features)
    bins = fit_bins(features, seed=_BINS_SEED)
    return {
        "mean": gaussian.mean,
        "factor": gaussian.factor,
        "squared_radii": squared_radii(features, k),
        "kernel_row_sums": kernel_row_sums(features),
        "bin_centres": bins.centres,
        "bin_real_counts": bins.real_counts,
        "bias_of_reals": _scalar(bias_of_perfect(gaussian, features, strata)),
        "bias_of_random": _scalar(bias_of_perfect(gaussian, features)),
    }


def _strata(real: Dataset) -> Tensor | None:
    return real.labels if real.is_stratified else None


def _scalar(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64)
