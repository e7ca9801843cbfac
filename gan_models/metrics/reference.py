"""The real side of every score, computed once."""

from dataclasses import dataclass

from torch import Tensor

from gan_models.data.dataset import Dataset, Split
from gan_models.metrics.base import FeatureExtractor
from gan_models.metrics.frechet import FactoredGaussian, checked_features, fit_gaussian
from gan_models.metrics.neighbours import DEFAULT_K, check_enough, squared_radii
from gan_models.metrics.protocol import Protocol


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What fakes are compared with: real samples of one split, seen by one extractor.

    ``features`` is n x d float64, ``squared_radii`` (length n) reaches to each sample's k-th
    nearest other one.
    """

    data_name: str
    data_fingerprint: str
    split: Split
    features_name: str
    features_fingerprint: str
    features: Tensor
    gaussian: FactoredGaussian
    squared_radii: Tensor
    k: int

    def __len__(self) -> int:
        return self.features.shape[0]

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
    real: Dataset, split: Split, extractor: FeatureExtractor, *, k: int = DEFAULT_K
) -> Reference:
    """Extract and summarise the real samples of one split.

    Raises:
        MetricError: if there are fewer than k + 2 samples, or features are not finite.
    """
    check_enough(len(real), k, f"{real.name}, {split} split")
    features = checked_features(extractor(real.stored), extractor.dim)
    return Reference(
        data_name=real.name,
        data_fingerprint=real.fingerprint,
        split=split,
        features_name=extractor.name,
        features_fingerprint=extractor.fingerprint,
        features=features,
        gaussian=fit_gaussian(features),
        squared_radii=squared_radii(features, k),
        k=k,
    )
