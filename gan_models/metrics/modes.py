"""Which modes of the real distribution fakes reach, and how evenly."""

from dataclasses import dataclass
from math import ceil, log, nan

import torch
from torch import Tensor

from gan_models.data.dataset import Modes
from gan_models.metrics.base import ModeAssigner
from gan_models.metrics.classifier import ClassifierFeatures

_REACH_STD = 3.0
_FOUND_FRAC_OF_FAIR_SHARE = 0.1


class NearestCentreModes:
    """The nearest known centre, if it lies within three standard deviations.

    A perfect generator in the plane has 1 − exp(−9/2) = 98.889 % of its samples within reach;
    more means that its modes are too narrow.
    """

    judges_quality = True

    def __init__(self, modes: Modes) -> None:
        self._centres = modes.centres.detach().to("cpu", torch.float64)
        self._reach = _REACH_STD * modes.standard_deviation
        self.num_modes = len(self._centres)

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N mode indices; −1 out of reach, and for points that are not finite."""
        points = stored.detach().to("cpu", torch.float64)
        distance, nearest = torch.cdist(points, self._centres).min(dim=1)
        return torch.where(distance <= self._reach, nearest, -1)


class ClassifierModes:
    """The class that a classifier names. It always names one, so it does not judge quality."""

    judges_quality = False

    def __init__(self, classifier: ClassifierFeatures) -> None:
        self._classifier = classifier
        self.num_modes = classifier.num_classes

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N class indices."""
        return self._classifier.classify(stored)


@dataclass(frozen=True)
class ModeScores:
    """``modes`` found, their entropy over its maximum, and the share of samples in any mode."""

    modes: float
    mode_entropy: float
    high_quality_frac: float


def mode_scores(assignment: Tensor, num_modes: int) -> ModeScores:
    """Score N mode indices (−1: none) of a distribution with ``num_modes`` equal modes.

    A mode counts as found when it holds a tenth of its fair share N / K, and at least one sample:
    20 of 2000 for 10 digits, 1 of 5000 for 1000 stacked digits. A fixed count would depend on N;
    "at least one" lets noise, or a classifier's errors, find every mode.

    The entropy is that of the samples within modes, divided by log K; NaN if there are none.
    """
    found = assignment[assignment >= 0]
    counts = torch.bincount(found, minlength=num_modes)
    needed = max(1, ceil(_FOUND_FRAC_OF_FAIR_SHARE * len(assignment) / num_modes))
    return ModeScores(
        modes=float((counts >= needed).sum()),
        mode_entropy=_normalised_entropy(counts),
        high_quality_frac=len(found) / len(assignment),
    )


def score_modes(assigner: ModeAssigner, stored: Tensor) -> ModeScores:
    """Assign and score; the high-quality share is NaN where the assigner does not judge it."""
    scores = mode_scores(assigner(stored), assigner.num_modes)
    if assigner.judges_quality:
        return scores
    return ModeScores(scores.modes, scores.mode_entropy, nan)


def _normalised_entropy(counts: Tensor) -> float:
    if not counts.any():
        return nan
    if len(counts) == 1:
        return 1.0
    shares = counts.double() / counts.sum()
    return float(torch.special.entr(shares).sum()) / log(len(counts))
