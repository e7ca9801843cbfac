from itertools import permutations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from gan_models.metrics.perfect import perfect_coverage


def counted_coverage(n_real: int, n_fake: int, k: int) -> float:
    """Count the orders of distance from one real sample in which a fake is among the nearest."""
    others = ["real"] * (n_real - 1) + ["fake"] * n_fake
    orders = list(permutations(others))
    return sum("fake" in order[:k] for order in orders) / len(orders)


@pytest.mark.parametrize(
    ("n_real", "n_fake", "k"), [(2, 1, 1), (3, 1, 1), (4, 2, 1), (4, 3, 2), (5, 2, 3), (6, 1, 5)]
)
def test_it_is_the_share_of_orders_with_a_fake_in_the_ball(
    n_real: int, n_fake: int, k: int
) -> None:
    expected = counted_coverage(n_real, n_fake, k)

    assert perfect_coverage(n_real, n_fake, k) == pytest.approx(expected, rel=1e-12)


def test_samples_of_one_distribution_cover_each_other_so_much() -> None:
    n_real, n_fake, k = 60, 40, 3
    rng = np.random.default_rng(0)
    coverages = []
    for _ in range(300):
        real, fake = rng.normal(size=(n_real, 2)), rng.normal(size=(n_fake, 2))
        radius = NearestNeighbors(n_neighbors=k).fit(real).kneighbors()[0][:, -1]
        nearest_fake = NearestNeighbors(n_neighbors=1).fit(fake).kneighbors(real)[0][:, 0]
        coverages.append(float((nearest_fake <= radius).mean()))

    error = 4 * np.std(coverages) / np.sqrt(len(coverages))
    assert perfect_coverage(n_real, n_fake, k) == pytest.approx(np.mean(coverages), abs=error)


def test_more_fakes_and_wider_balls_cover_more() -> None:
    assert perfect_coverage(100, 0, 5) == 0.0
    assert perfect_coverage(100, 50, 5) < perfect_coverage(100, 500, 5) < 1.0
    assert perfect_coverage(100, 50, 1) < perfect_coverage(100, 50, 5)


def test_balls_that_hold_all_other_reals_and_more_reach_a_fake() -> None:
    assert perfect_coverage(5, 3, 5) == perfect_coverage(5, 3, 7) == 1.0
