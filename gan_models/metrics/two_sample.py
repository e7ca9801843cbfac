"""Classifier two-sample test: can a classifier tell fresh fakes from fresh reals?

Lopez-Paz & Oquab, 1610.06545, with their nearest-neighbour classifier (k = √n of n training
samples). Distances are those of the feature space as it is, no feature being brought to a common
scale, as for precision, recall, density and coverage: the extractor says what matters.
"""

from dataclasses import dataclass
from math import isqrt

import torch
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.distances import check_widths, k_nearest
from gan_models.seeds import torch_generator

MIN_SAMPLES = 10  # of each kind: five to learn from and five to be asked about


@dataclass(frozen=True, kw_only=True)
class TwoSample:
    """The accuracy on held-out samples: 0.5 cannot tell, 1 always tells.

    Attributes:
        accuracy: share of held-out samples that are called right, split votes half.
        standard_error: binomial, √(a (1 − a) / n) of n held-out samples, for this split and
            training half. For equal distributions the accuracy has standard deviation √(1 / 4n)
            around 0.5, or less.
    """

    accuracy: float
    standard_error: float


def two_sample_accuracy(real: Tensor, fakes: Tensor, *, seed: int) -> TwoSample:
    """Train a nearest-neighbour classifier on half of the samples and ask it about the others.

    As many reals as fakes are drawn, so that guessing is right half of the time.

    Args:
        real: n x d features, of samples that the generator did not learn from.
        fakes: m x d features.
        seed: of the draw and the split.

    Raises:
        MetricError: if there are fewer than 10 of a kind, if widths differ, or if a value is not
            finite.
    """
    for samples, what in ((real, "reals"), (fakes, "fakes")):
        if len(samples) < MIN_SAMPLES:
            raise MetricError(
                f"two-sample test: {len(samples)} {what}; at least {MIN_SAMPLES} are needed"
            )
    check_widths(real, fakes)
    generator = torch_generator("cpu", seed, "two-sample test")
    n_half = min(len(real), len(fakes)) // 2
    real_train, real_test = _two_halves(real, n_half, generator)
    fake_train, fake_test = _two_halves(fakes, n_half, generator)
    # Shuffled, so that of samples at equal distance no kind comes first.
    order = torch.randperm(2 * n_half, generator=generator)
    train, is_fake = torch.cat([real_train, fake_train])[order], order >= n_half
    votes = is_fake[_neighbours(torch.cat([real_test, fake_test]), train)].double().mean(dim=1)
    calls = 0.5 + 0.5 * (votes - 0.5).sign()  # 1: called a fake; 0.5: undecided
    accuracy = float(torch.cat([1 - calls[:n_half], calls[n_half:]]).mean())
    standard_error = (accuracy * (1 - accuracy) / (2 * n_half)) ** 0.5
    return TwoSample(accuracy=accuracy, standard_error=standard_error)


def _two_halves(samples: Tensor, n_half: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    order = torch.randperm(len(samples), generator=generator)
    return samples[order[:n_half]], samples[order[n_half : 2 * n_half]]


def _neighbours(queries: Tensor, train: Tensor) -> Tensor:
    return k_nearest(queries, train, isqrt(len(train))).indices
