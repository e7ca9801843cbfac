"""Which mode of the real distribution a sample belongs to: a known centre, or a class."""

import torch
from torch import Tensor

from gan_models.data.dataset import Modes
from gan_models.features.classifier import ClassifierFeatures

_REACH_STD = 3.0


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
