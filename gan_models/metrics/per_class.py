"""How good fakes are within each class: for a G that is asked for one."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from math import nan
from statistics import mean

import torch
from torch import Tensor

from gan_models.metrics.distances import distance_blocks
from gan_models.metrics.frechet import FactoredGaussian, fit_gaussian, frechet_distance
from gan_models.metrics.neighbours import DEFAULT_K, squared_radii

Classify = Callable[[Tensor], Tensor]  # N stored samples to N class indices; −1 for none


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Scores by class, NaN where they do not apply.

    ``intra_fid`` is the mean over classes of the Fréchet distance of a class's fakes to its reals
    (1802.05637, section 5); NaN where any class has fewer reals or fakes than features, since its
    covariance is then no estimate. ``class_coverage`` is the mean over classes of the share of its
    reals with a fake of the same class in their neighbourhood, which lies within the class.
    ``label_consistency`` is the share of fakes that a classifier gives the class they were asked
    for.
    """

    intra_fid: float = nan
    class_coverage: float = nan
    label_consistency: float = nan

    def to_mapping(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


@dataclass(frozen=True)
class RealClass:
    """The reals of one class: n x d features, their reach, and their Gaussian if n >= d."""

    features: Tensor
    squared_radii: Tensor
    gaussian: FactoredGaussian | None


def real_classes(features: Tensor, labels: Tensor, num_classes: int) -> list[RealClass | None]:
    """Split n x d features of reals by their n labels; None for a class too small for neighbours.

    Raises:
        MetricError: if features are not finite.
    """
    parts = (features[labels == index] for index in range(num_classes))
    return [_real_class(part) if len(part) >= DEFAULT_K + 2 else None for part in parts]


def score_classes(
    reals: Sequence[RealClass | None], features: Tensor, labels: Tensor
) -> tuple[float, float]:
    """Return the intra-class Fréchet distance and the class coverage of m fakes.

    Args:
        reals: of each class.
        features: m x d, of the fakes.
        labels: the m classes that they were asked for.
    """
    pairs = [(real, features[labels == index]) for index, real in enumerate(reals) if real]
    if not pairs:
        return nan, nan
    distances = [_distance(real, fakes) for real, fakes in pairs]
    is_whole = len(pairs) == len(reals)
    return (
        mean(distances) if is_whole else nan,
        mean(_coverage(real, fakes) for real, fakes in pairs),
    )


def label_consistency(classify: Classify, stored: Tensor, labels: Tensor) -> float:
    """Return the share of stored fakes that ``classify`` gives the class they were asked for."""
    return float((classify(stored) == labels).double().mean())


def _real_class(features: Tensor) -> RealClass:
    num_samples, dim = features.shape
    gaussian = fit_gaussian(features) if num_samples >= dim else None
    return RealClass(features, squared_radii(features), gaussian)


def _distance(real: RealClass, fakes: Tensor) -> float:
    if real.gaussian is None or len(fakes) < real.gaussian.dim:
        return nan
    return frechet_distance(real.gaussian, fakes)


def _coverage(real: RealClass, fakes: Tensor) -> float:
    if not len(fakes):
        return 0.0
    start = num_covered = 0
    for block in distance_blocks(real.features, fakes):
        radii = real.squared_radii[start : start + len(block)]
        num_covered += len(torch.unique(block.closer_than(radii[:, None]).rows))
        start += len(block)
    return num_covered / len(real.features)
