"""Random Fourier features of points (Rahimi & Recht, 2007): they see where points lie densely.

The values themselves (``identity``) show a Fréchet distance mean and covariance alone: four modes
of eight, evenly lost, would score as well as all. The means of these features are those of a
Gaussian kernel at two widths, so that a lost mode, a bridge or a smear between modes shows.
"""

import hashlib
from math import pi, sqrt

import torch
from torch import Tensor

from gan_models.data.dataset import Dataset
from gan_models.errors import MetricError
from gan_models.features.base import check_shape
from gan_models.seeds import torch_generator

_DIM = 64
_FREQUENCIES = (2.0, 8.0)  # radians per standard deviation of the data, half of the features each
_SEED = 0


class RandomFourierFeatures:
    """64 waves cos(w·x + b) with fixed random w and b, scaled to the spread of the real data.

    Raises:
        MetricError: if all points are equal.
    """

    name = "random-fourier"
    dim = _DIM

    def __init__(self, train: Dataset) -> None:
        self._sample = train.sample
        points = train.stored.flatten(1).double()
        spread = float(points.var(dim=0).mean().sqrt())
        if not spread > 0:
            raise MetricError(f"features = '{self.name}': all points of {train.name} are equal")
        generator = torch_generator("cpu", _SEED, self.name)
        directions = torch.randn(_DIM, points.shape[1], generator=generator, dtype=torch.float64)
        frequencies = torch.tensor(_FREQUENCIES, dtype=torch.float64)
        widths = frequencies.repeat_interleave(_DIM // len(_FREQUENCIES))
        self._waves = directions * widths[:, None] / spread
        self._phases = 2 * pi * torch.rand(_DIM, generator=generator, dtype=torch.float64)
        text = f"{self.name} 1: {train.sample.shape} {spread!r} {_FREQUENCIES} {_SEED}"
        self.fingerprint = hashlib.sha256(text.encode()).hexdigest()[:16]

    def __call__(self, stored: Tensor) -> Tensor:
        """Return N x 64 float32 features on the CPU."""
        check_shape(stored, self._sample)
        points = stored.detach().cpu().flatten(1).double()
        return (sqrt(2.0) * torch.cos(points @ self._waves.T + self._phases)).float()
