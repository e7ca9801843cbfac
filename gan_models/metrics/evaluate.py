"""Fakes in, scores out: features once, metrics many."""

from collections.abc import Sequence
from math import nan

import torch
from torch import Tensor

from gan_models.data.dataset import Dataset
from gan_models.errors import MetricError
from gan_models.metrics.base import FeatureExtractor, ModeAssigner
from gan_models.metrics.bootstrap import frechet_interval
from gan_models.metrics.frechet import checked_features, frechet_distance
from gan_models.metrics.modes import ModeScores, score_modes
from gan_models.metrics.neighbours import check_enough, neighbour_scores
from gan_models.metrics.reference import Reference
from gan_models.metrics.scores import Certificate, Scores
from gan_models.seeds import torch_generator

NUM_HALVINGS = 25  # of the other reals, both halves of each: fifty draws to average


def score_samples(
    fakes: Tensor, reference: Reference, extractor: FeatureExtractor, modes: ModeAssigner | None
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

    Raises:
        MetricError: if there are too few fakes, or the reference is of another extractor.
    """
    _check(fakes, reference, extractor)
    features = extractor(fakes)
    if not features.isfinite().all():
        return Scores(fid=nan)
    return _score(fakes, checked_features(features, extractor.dim), reference, modes)


def certify(
    fakes: Tensor,
    reference: Reference,
    extractor: FeatureExtractor,
    modes: ModeAssigner | None,
    *,
    real_other: Dataset,
    seed: int,
) -> Certificate:
    """Score stored fakes once and for all, with an interval and what reals score.

    Args:
        fakes: N x ``sample.shape`` in stored form, in random order.
        reference: the real side, of samples that neither training nor selection touched.
        extractor: the reference's extractor.
        modes: names the modes of fakes; None leaves the mode scores NaN.
        real_other: reals besides the reference that neither the generator nor the extractor learnt
            from: what was learnt from has features a little apart. Random halves of them are
            compared, since a whole split has exactly its share of each class, which no fair draw
            has and no generator's fakes, and which lowers the distance.
        seed: by which the fakes were drawn; it also seeds the bootstrap and the draw of reals.

    Raises:
        MetricError: if there are too few fakes, the reference is of another extractor or is
            ``real_other`` itself, or anything is not finite.
    """
    _check(fakes, reference, extractor)
    features = checked_features(extractor(fakes), extractor.dim)
    scores = _score(fakes, features, reference, modes)
    low, high = frechet_interval(reference.features, features, seed=seed)
    draws = _real_draws(real_other, reference, extractor, seed)
    n_chunk = min(len(reference), len(features), *map(len, draws))
    return Certificate(
        fid=scores.fid,
        fid_low=low,
        fid_high=high,
        coverage=scores.coverage,
        density=scores.density,
        precision=scores.precision,
        recall=scores.recall,
        modes=scores.modes,
        mode_entropy=scores.mode_entropy,
        high_quality_frac=scores.high_quality_frac,
        real_fid=_mean_distance([draw[:n_chunk] for draw in draws], reference),
        fid_at_real_n=_mean_distance(_chunks(features, n_chunk), reference),
        coverage_at_real_n=_coverage_at_real_n(features, reference),
        n_chunk=n_chunk,
        n_fake=len(fakes),
        n_real=len(reference),
        features=reference.features_name,
        protocol=reference.protocol(n_fake=len(fakes), seed=seed).hash,
    )


def _check(fakes: Tensor, reference: Reference, extractor: FeatureExtractor) -> None:
    # Each half is scored by itself and needs a covariance, and the whole k neighbours.
    check_enough(len(fakes), reference.k, "fakes")
    if extractor.fingerprint != reference.features_fingerprint:
        raise MetricError(
            f"fakes seen by '{extractor.name}' ({extractor.fingerprint}) cannot be compared with a "
            f"reference of '{reference.features_name}' ({reference.features_fingerprint})"
        )


def _real_draws(
    data: Dataset, reference: Reference, extractor: FeatureExtractor, seed: int
) -> list[Tensor]:
    """Return the features of random halves of a split, several times both halves."""
    if data.fingerprint == reference.data_fingerprint:
        raise MetricError(
            f"the other reals are the reference itself ({reference.data_name}, "
            f"{reference.split} split): give samples of another split"
        )
    features = checked_features(extractor(data.stored), extractor.dim)
    generator = torch_generator("cpu", seed, "other reals")
    orders = [torch.randperm(len(features), generator=generator) for _ in range(NUM_HALVINGS)]
    return [half for order in orders for half in features[order].split(len(features) // 2)[:2]]


def _score(
    fakes: Tensor, features: Tensor, reference: Reference, modes: ModeAssigner | None
) -> Scores:
    half = len(features) // 2
    neighbours = neighbour_scores(
        reference.features, reference.squared_radii, features, k=reference.k
    )
    reached = ModeScores(nan, nan, nan) if modes is None else score_modes(modes, fakes)
    return Scores(
        fid=frechet_distance(reference.gaussian, features),
        fid_a=frechet_distance(reference.gaussian, features[:half]),
        fid_b=frechet_distance(reference.gaussian, features[half : 2 * half]),
        precision=neighbours.precision,
        recall=neighbours.recall,
        density=neighbours.density,
        coverage=neighbours.coverage,
        modes=reached.modes,
        mode_entropy=reached.mode_entropy,
        high_quality_frac=reached.high_quality_frac,
    )


def _chunks(features: Tensor, n_chunk: int) -> list[Tensor]:
    return [chunk for chunk in features.split(n_chunk) if len(chunk) == n_chunk]


def _mean_distance(draws: Sequence[Tensor], reference: Reference) -> float:
    distances = [frechet_distance(reference.gaussian, draw) for draw in draws]
    return float(torch.tensor(distances, dtype=torch.float64).mean())


def _coverage_at_real_n(features: Tensor, reference: Reference) -> float:
    chunks = _chunks(features, len(reference))
    scores = [
        neighbour_scores(reference.features, reference.squared_radii, chunk, k=reference.k)
        for chunk in chunks
    ]
    return sum(score.coverage for score in scores) / len(scores) if scores else nan
