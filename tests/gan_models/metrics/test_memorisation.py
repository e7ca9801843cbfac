"""Against counting by hand, scipy's Mann-Whitney, and simulation."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.memorisation import Memorisation, memorisation


def draw(n: int, d: int, seed: int, *, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, d, dtype=torch.float64, generator=generator)


ORIGIN = torch.zeros(1, 1, dtype=torch.float64)


def against_origin(heldout: Sequence[float], fakes: Sequence[float]) -> Memorisation:
    """Score numbers by their distance to 0, the one training sample."""
    return memorisation(ORIGIN, torch.tensor([heldout]).T, torch.tensor([fakes]).T)


def test_shares_and_error_by_hand() -> None:
    scores = against_origin([1, 2, 3, 4], [-0.5, 2, -5])
    # Pairs won: 4, then 2 and a tie, then none. Placements: 1, 5/8, 0 and 1/3, 1/2, 2/3, 2/3.
    assert scores.closer_frac == pytest.approx(6.5 / 12)
    variances = np.var([1, 5 / 8, 0], ddof=1) / 3 + np.var([1 / 3, 1 / 2, 2 / 3, 2 / 3], ddof=1) / 4
    assert scores.standard_error == pytest.approx(variances**0.5)
    assert scores.copies_frac == pytest.approx(1 / 3)
    assert scores.fair_copies_frac == pytest.approx(1 / 5)


def test_the_chance_is_that_of_mann_whitney_with_ties() -> None:
    heldout, fakes = draw(80, 1, seed=0).round(decimals=1), draw(60, 1, seed=1).round(decimals=1)
    u = mannwhitneyu(heldout.abs()[:, 0], fakes.abs()[:, 0]).statistic
    assert memorisation(ORIGIN, heldout, fakes).closer_frac == pytest.approx(u / (80 * 60))


def test_copies_of_training_samples_are_all_closer() -> None:
    train = draw(300, 5, seed=0)
    scores = memorisation(train, draw(200, 5, seed=1), train[:150])
    assert scores.closer_frac == 1
    assert scores.standard_error == 0
    assert scores.copies_frac == 1
    assert scores.fair_copies_frac == pytest.approx(2 / 201)


def test_fresh_reals_are_fair_within_the_error_and_the_error_is_right() -> None:
    train = draw(300, 4, seed=0)
    scores = [
        memorisation(train, draw(150, 4, 2 * seed + 1), draw(100, 4, 2 * seed + 2))
        for seed in range(200)
    ]
    found = np.array([score.closer_frac for score in scores])
    errors = np.array([score.standard_error for score in scores])
    assert found.mean() == pytest.approx(0.5, abs=3 * found.std() / 200**0.5)
    assert errors.mean() == pytest.approx(found.std(), rel=0.15)
    copies = np.array([score.copies_frac for score in scores])
    assert scores[0].fair_copies_frac == pytest.approx(1 / 151)
    assert copies.mean() == pytest.approx(1 / 151, abs=3 * copies.std() / 200**0.5)


def test_the_error_is_right_far_from_fair_too() -> None:
    train = draw(300, 4, seed=0)
    scores = [
        memorisation(train, draw(150, 4, 2 * seed + 1), draw(100, 4, 2 * seed + 2, scale=0.5))
        for seed in range(200)
    ]
    found = np.array([score.closer_frac for score in scores])
    assert found.mean() > 0.7  # typical samples only: closer without any copy
    errors = np.array([score.standard_error for score in scores])
    assert errors.mean() == pytest.approx(found.std(), rel=0.15)


def test_a_few_copies_among_far_fakes_show_in_the_share_of_copies() -> None:
    train = draw(500, 4, seed=0)
    fakes = torch.cat([train[:20], 5 + draw(80, 4, seed=2)])
    scores = memorisation(train, draw(500, 4, seed=1), fakes)
    assert scores.closer_frac < 0.3
    assert scores.copies_frac == pytest.approx(0.2)


def test_copies_tied_with_repeated_reals_count_by_chance() -> None:
    # Five reals repeat the training sample: a sixth zero is the lowest with chance 1/6.
    scores = against_origin([0] * 5 + [1] * 20, [0, 0, 2, 3])
    assert scores.copies_frac == pytest.approx(0.5 / 6)
    assert scores.closer_frac == pytest.approx((2 * (20 + 5 / 2)) / (25 * 4))


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((0, 5, 5), "memorisation: 0 training samples; at least 1 are needed"),
        ((5, 1, 5), "memorisation: 1 held-out reals; at least 2 are needed"),
        ((5, 5, 1), "memorisation: 1 fakes; at least 2 are needed"),
    ],
)
def test_too_few_samples_are_refused(counts: tuple[int, int, int], message: str) -> None:
    train, heldout, fakes = (draw(n, 2, seed=0) for n in counts)
    with pytest.raises(MetricError, match=message):
        memorisation(train, heldout, fakes)


def test_features_of_another_space_are_refused() -> None:
    with pytest.raises(MetricError, match="features of 3 and of 2 values each"):
        memorisation(draw(5, 2, seed=0), draw(5, 2, seed=1), draw(5, 3, seed=2))
