from math import isnan

import numpy as np
import pytest
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm
from torch import Tensor

from gan_models.metrics.per_class import (
    ClassScores,
    label_consistency,
    real_classes,
    score_classes,
)

LABELS = torch.arange(300) % 3


def draw(n: int = 300, d: int = 4, *, seed: int) -> Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def frechet(real: Tensor, fakes: Tensor) -> float:
    """Return the distance by its definition, with scipy's square root of a matrix."""
    means = [each.mean(0).numpy() for each in (real, fakes)]
    covariances = [np.cov(each.numpy(), rowvar=False) for each in (real, fakes)]
    root = sqrtm(covariances[0] @ covariances[1]).real
    shift = float(np.square(means[0] - means[1]).sum())
    return shift + float(np.trace(covariances[0] + covariances[1] - 2 * root))


def test_both_scores_are_means_over_classes_of_what_their_authors_define() -> None:
    reals, fakes = draw(seed=0), 0.7 * draw(seed=1) + LABELS[:, None]
    pairs = [(reals[LABELS.eq(index)], fakes[LABELS.eq(index)]) for index in range(3)]

    distance, coverage = score_classes(real_classes(reals, LABELS, 3), fakes, LABELS)

    assert distance == pytest.approx(np.mean([frechet(*pair) for pair in pairs]))
    expected = [compute_prdc(real.numpy(), fake.numpy(), 5)["coverage"] for real, fake in pairs]
    assert coverage == pytest.approx(np.mean(expected))


def test_fakes_under_the_wrong_label_are_seen_though_together_they_are_perfect() -> None:
    centres = 100.0 * LABELS[:, None]
    reals, fakes = draw(seed=0) + centres, draw(seed=1) + centres
    classes = real_classes(reals, LABELS, 3)

    right, wrong = (score_classes(classes, fakes, labels) for labels in (LABELS, LABELS.roll(1)))

    assert right[0] < 1 < 1000 < wrong[0]
    assert right[1] > 0.9
    assert wrong[1] == 0.0


def test_a_class_without_fakes_is_covered_by_none() -> None:
    reals = draw(seed=0)
    distance, coverage = score_classes(
        real_classes(reals, LABELS, 3), reals[LABELS > 0], LABELS[LABELS > 0]
    )

    assert isnan(distance)
    assert coverage == pytest.approx(2 / 3)


@pytest.mark.parametrize(("n", "has_coverage"), [(3 * 7, True), (3 * 6, False)])
def test_too_few_reals_for_a_covariance_or_for_neighbours_have_no_score(
    n: int, has_coverage: bool
) -> None:
    classes = real_classes(draw(n, 8, seed=0), LABELS[:n], 3)

    distance, coverage = score_classes(classes, draw(300, 8, seed=1), LABELS)

    assert isnan(distance)
    assert isnan(coverage) is not has_coverage


def test_consistency_is_the_share_that_is_given_its_own_label() -> None:
    named = torch.tensor([0, 1, -1, 2])

    share = label_consistency(lambda stored: stored, named, torch.tensor([0, 1, 2, 0]))

    assert share == 0.5


def test_nothing_applies_until_it_is_measured() -> None:
    assert all(isnan(value) for value in ClassScores().to_mapping().values())
