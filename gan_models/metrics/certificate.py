"""The last score of a generator: with an interval, and beside what reals score."""

from collections.abc import Sequence
from math import nan

import torch
from torch import Tensor

from gan_models.data.dataset import Dataset, Splits
from gan_models.errors import MetricError
from gan_models.features.base import FeatureExtractor, ModeAssigner
from gan_models.metrics.evaluate import check_comparable, score_features
from gan_models.metrics.frechet import checked_features, frechet_distance
from gan_models.metrics.intervals import distance_intervals, interval_at_equal_counts
from gan_models.metrics.modes import score_modes
from gan_models.metrics.neighbours import neighbour_scores
from gan_models.metrics.perfect import perfect_coverage
from gan_models.metrics.reference import Reference, real_features
from gan_models.metrics.scores import Certificate
from gan_models.metrics.scrutiny import scrutinise
from gan_models.seeds import torch_generator

NUM_HALVINGS = 25  # of the other reals, both halves of each: fifty draws to average


def certify(
    fakes: Tensor,
    reference: Reference,
    extractor: FeatureExtractor,
    modes: ModeAssigner | None,
    *,
    splits: Splits,
    seed: int,
) -> Certificate:
    """Score stored fakes once and for all, with an interval and what reals score.

    Args:
        fakes: N x ``sample.shape`` in stored form, in random order.
        reference: the real side, of samples that neither training nor selection touched.
        extractor: the reference's extractor.
        modes: names the modes of fakes; None leaves the mode scores NaN.
        splits: what the generator learnt from (``train``), and reals besides the reference that
            neither it nor the extractor learnt from (``select``): what was learnt from has features
            a little apart. Random halves of them are compared, since a whole split has exactly its
            share of each class, which no fair draw has and no generator's fakes, and which lowers
            the distance.
        seed: by which the fakes were drawn; it also seeds the bootstrap, the classifier's samples
            and the draw of reals.

    Raises:
        MetricError: if there are too few fakes, the reference is of another extractor or is
            the select split itself, or anything is not finite.
    """
    check_comparable(fakes, reference, extractor)
    features = checked_features(extractor(fakes), extractor.dim)
    scores = score_features(features, reference, score_modes(modes, fakes))
    scrutiny = scrutinise(features, reference, real_features(splits.train, extractor), seed=seed)
    around = interval_at_equal_counts(scores, reference.features, features, seed=seed)
    draws = _real_draws(splits.select, reference, extractor, seed)
    n_chunk = min(len(reference), len(features), *map(len, draws))
    return Certificate(
        **scores.to_mapping(),
        **scrutiny.to_mapping(),
        **distance_intervals(scores, around).to_mapping(),
        fid_floor=reference.frechet_floor(len(fakes)),
        real_fid=_mean_distance([draw[:n_chunk] for draw in draws], reference),
        fid_at_real_n=_mean_distance(_chunks(features, n_chunk), reference),
        coverage_at_real_n=_coverage_at_real_n(features, reference),
        perfect_coverage_at_real_n=perfect_coverage(len(reference), len(reference), reference.k),
        n_chunk=n_chunk,
        n_fake=len(fakes),
        n_real=len(reference),
        features=reference.features_name,
        protocol=reference.protocol(n_fake=len(fakes), seed=seed).hash,
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
    features = real_features(data, extractor)
    generator = torch_generator("cpu", seed, "other reals")
    orders = [torch.randperm(len(features), generator=generator) for _ in range(NUM_HALVINGS)]
    return [half for order in orders for half in features[order].split(len(features) // 2)[:2]]


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
