from math import exp, isnan, log

import pytest
import torch

from gan_models.data.dataset import Dataset, Modes, Splits
from gan_models.metrics.classifier import ClassifierFeatures
from gan_models.metrics.modes import (
    ClassifierModes,
    NearestCentreModes,
    mode_scores,
    score_modes,
)


def in_modes(*counts: int, lost: int = 0) -> torch.Tensor:
    return torch.tensor([i for i, count in enumerate(counts) for _ in range(count)] + [-1] * lost)


def test_a_perfect_generator_in_the_plane_is_98_889_per_cent_within_reach() -> None:
    centres = torch.tensor([[0.0, 0.0], [100.0, 0.0]])
    noise = torch.randn(400_000, 2, generator=torch.Generator().manual_seed(0))
    points = centres[torch.arange(400_000) % 2] + 0.5 * noise
    scores = score_modes(NearestCentreModes(Modes(centres, 0.5)), points)
    assert scores.high_quality_frac == pytest.approx(1 - exp(-9 / 2), abs=5e-4)
    assert scores.modes == 2
    assert scores.mode_entropy == pytest.approx(1.0, abs=1e-4)


def test_reach_is_three_standard_deviations_from_the_nearest_centre() -> None:
    assign = NearestCentreModes(Modes(torch.tensor([[0.0], [10.0]]), 1.0))
    points = torch.tensor([[-2.9], [3.1], [5.5], [7.1], [12.9], [torch.nan], [torch.inf]])
    assert assign(points).tolist() == [0, -1, -1, 1, 1, -1, -1]
    assert assign.num_modes == 2


def test_real_points_of_the_ring_reach_all_eight_modes(ring: Dataset) -> None:
    assert ring.modes is not None
    scores = score_modes(NearestCentreModes(ring.modes), ring.stored)
    assert scores.modes == 8
    assert scores.mode_entropy > 0.999


def test_classes_are_modes_but_judge_no_quality(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    assign = ClassifierModes(digit_classifier)
    scores = score_modes(assign, digits.certify.stored)
    assert assign.num_modes == scores.modes == 10
    assert scores.mode_entropy > 0.99
    assert isnan(scores.high_quality_frac)


@pytest.mark.parametrize(
    ("counts", "num_modes", "expected"),
    [
        ([1980, 20], 10, 2),  # 20 of 2000 for one of ten modes
        ([1981, 19], 10, 1),
        ([4999, 1], 1000, 2),  # one of 5000 for one of a thousand
    ],
)
def test_a_mode_is_found_with_a_tenth_of_its_fair_share(
    counts: list[int], num_modes: int, expected: int
) -> None:
    assert mode_scores(in_modes(*counts), num_modes).modes == expected


def test_samples_outside_all_modes_raise_the_bar_for_a_mode() -> None:
    assert mode_scores(in_modes(10, 10), 2).modes == 2
    assert mode_scores(in_modes(10, 10, lost=200), 2).modes == 0


def test_the_entropy_is_that_of_the_samples_within_modes() -> None:
    assert mode_scores(in_modes(5, 5, 5, 5), 4).mode_entropy == pytest.approx(1.0)
    assert mode_scores(in_modes(20), 4).mode_entropy == 0.0
    assert mode_scores(in_modes(10, 10, lost=7), 4).mode_entropy == pytest.approx(log(2) / log(4))
    assert mode_scores(in_modes(3), 1).mode_entropy == 1.0


def test_without_a_sample_in_any_mode_there_is_no_entropy() -> None:
    scores = mode_scores(in_modes(lost=50), 8)
    assert (scores.modes, scores.high_quality_frac) == (0, 0)
    assert isnan(scores.mode_entropy)
