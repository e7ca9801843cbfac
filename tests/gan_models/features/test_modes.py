from math import isnan

import torch

from gan_models.data.dataset import Modes, Splits
from gan_models.features.classifier import ClassifierFeatures
from gan_models.features.modes import ClassifierModes, NearestCentreModes
from gan_models.metrics.modes import score_modes


def test_reach_is_three_standard_deviations_from_the_nearest_centre() -> None:
    assign = NearestCentreModes(Modes(torch.tensor([[0.0], [10.0]]), 1.0))
    points = torch.tensor([[-2.9], [3.1], [5.5], [7.1], [12.9], [torch.nan], [torch.inf]])
    assert assign(points).tolist() == [0, -1, -1, 1, 1, -1, -1]
    assert assign.num_modes == 2


def test_classes_are_modes_but_judge_no_quality(
    digits: Splits, digit_classifier: ClassifierFeatures
) -> None:
    assign = ClassifierModes(digit_classifier)
    scores = score_modes(assign, digits.certify.stored)
    assert assign.num_modes == scores.modes == 10
    assert scores.mode_entropy > 0.99
    assert isnan(scores.high_quality_frac)
    assert scores.reverse_kl < 0.01
