import pytest
import torch

from gan_models.metrics.neighbours import neighbour_scores, squared_radii
from gan_models.metrics.perfect import perfect_coverage


def test_one_neighbour_of_two_reals_by_hand() -> None:
    # The other real comes before one fake in half of all orders: 1 - 1/2.
    assert perfect_coverage(2, 1, 1) == pytest.approx(0.5)
    assert perfect_coverage(3, 2, 2) == pytest.approx(1 - (2 / 4) * (1 / 3))


def test_it_is_what_samples_of_one_distribution_score() -> None:
    generator = torch.Generator().manual_seed(0)
    coverages = []
    for _ in range(40):
        real, fakes = torch.randn(400, 3, dtype=torch.float64, generator=generator).split(
            [250, 150]
        )
        coverages.append(neighbour_scores(real, squared_radii(real, 3), fakes, k=3).coverage)
    expected = perfect_coverage(250, 150, 3)
    assert sum(coverages) / len(coverages) == pytest.approx(expected, abs=0.015)
