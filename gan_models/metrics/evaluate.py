"""Fakes in, scores out: features once, metrics many."""

from math import nan

from torch import Tensor

from gan_models.errors import MetricError
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.metrics.bins import different_bins
from gan_models.metrics.frechet import checked_features, frechet_distance
from gan_models.metrics.frechet_error import score_frechet
from gan_models.metrics.kernel import kernel_distance
from gan_models.metrics.modes import ModeScores, score_modes
from gan_models.metrics.neighbours import check_enough, neighbour_scores
from gan_models.metrics.reference import Reference
from gan_models.metrics.scores import Scores
from gan_models.metrics.vendi import vendi_score


def score_samples(
    fakes: Tensor,
    reference: Reference,
    extractor: FeatureExtractor,
    modes: ModeAssigner | None,
    *,
    features: Tensor | None = None,
) -> Scores:
    """Score stored fakes against a reference.

    Fakes that are not finite are a finding, not a mistake: all their scores are NaN, for the
    verdict to call the trial dead. Images are always finite once stored, so ask the generator's
    output about them.

    Args:
        fakes: N x ``sample.shape`` in stored form, in random order.
        reference: the real side, built with the same extractor.
        extractor: sees the fakes once.
        modes: names their modes; None leaves the mode scores NaN.
        features: what the extractor gives of them, where it was asked already.

    Raises:
        MetricError: if there are too few fakes, or the reference is of another extractor.
    """
    check_comparable(fakes, reference, extractor)
    features = extractor(fakes) if features is None else features
    if not features.isfinite().all():
        return Scores(fid=nan)
    features = checked_features(features, extractor.dim)
    return score_features(features, reference, score_modes(modes, fakes))


def check_comparable(fakes: Tensor, reference: Reference, extractor: FeatureExtractor) -> None:
    """Refuse fakes that cannot be scored against this reference by this extractor.

    Raises:
        MetricError: if there are too few, or the reference is of another extractor.
    """
    # Each half is scored by itself and needs a covariance, and the whole k neighbours.
    check_enough(len(fakes), reference.k, "fakes")
    if extractor.fingerprint != reference.features_fingerprint:
        raise MetricError(
            f"fakes seen by '{extractor.name}' ({extractor.fingerprint}) cannot be compared with a "
            f"reference of '{reference.features_name}' ({reference.features_fingerprint})"
        )


def score_features(features: Tensor, reference: Reference, reached: ModeScores) -> Scores:
    """Score the checked features (N x d) of fakes, whose modes are known already."""
    half = len(features) // 2
    frechet = score_frechet(
        reference.gaussian, reference.features, features, strata=reference.strata
    )
    kernel = kernel_distance(reference.features, reference.kernel_row_sums, features)
    neighbours = neighbour_scores(
        reference.features, reference.squared_radii, features, k=reference.k
    )
    return Scores(
        fid=frechet.value,
        fid_a=frechet_distance(reference.gaussian, features[:half]),
        fid_b=frechet_distance(reference.gaussian, features[half : 2 * half]),
        fid_debiased=frechet.debiased,
        fid_standard_error=frechet.standard_error,
        kid=kernel.value,
        kid_standard_error=kernel.standard_error,
        precision=neighbours.precision,
        recall=neighbours.recall,
        density=neighbours.density,
        coverage=neighbours.coverage,
        vendi=vendi_score(features),
        bins_differing_frac=different_bins(reference.bins, features).differing_frac,
        modes=reached.modes,
        mode_entropy=reached.mode_entropy,
        reverse_kl=reached.reverse_kl,
        high_quality_frac=reached.high_quality_frac,
    )
