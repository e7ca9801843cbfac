from math import exp, isnan, log

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_models.data.dataset import Dataset, Modes
from gan_models.features.modes import NearestCentreModes
from gan_models.metrics.modes import mode_scores, score_modes


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


def test_real_points_of_the_ring_reach_all_eight_modes(ring: Dataset) -> None:
    assert ring.modes is not None
    scores = score_modes(NearestCentreModes(ring.modes), ring.stored)
    assert scores.modes == 8
    assert scores.mode_entropy > 0.999


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


def test_the_reverse_divergence_is_that_of_the_samples_within_modes_from_equal_modes() -> None:
    assert mode_scores(in_modes(5, 5, 5, 5), 4).reverse_kl == 0.0
    by_hand = 0.75 * log(0.75 * 4) + 0.25 * log(0.25 * 4)
    assert mode_scores(in_modes(30, 10, lost=7), 4).reverse_kl == pytest.approx(by_hand)
    assert mode_scores(in_modes(3), 1).reverse_kl == 0.0


@pytest.mark.parametrize("num_modes", [2, 8, 1000])
def test_a_collapse_to_one_mode_is_ln_k_away(num_modes: int) -> None:
    assert mode_scores(in_modes(40), num_modes).reverse_kl == pytest.approx(log(num_modes))
    assert log(8) == pytest.approx(2.079, abs=5e-4)


@pytest.mark.parametrize(
    ("num_modes", "num_samples", "expected"),
    [(25, 2500, 0.0048), (8, 2500, 0.0014), (1000, 25_600, 0.0196), (1000, 2500, 0.2230)],
)
def test_a_perfect_generator_stays_at_its_floor(
    num_modes: int, num_samples: int, expected: float
) -> None:
    generator = torch.Generator().manual_seed(0)
    draws = [
        mode_scores(torch.randint(num_modes, (num_samples,), generator=generator), num_modes)
        for _ in range(200)
    ]
    mean = sum(draw.reverse_kl for draw in draws) / len(draws)
    assert mean == pytest.approx(expected, rel=0.08)
    if num_samples > 10 * num_modes:
        assert mean == pytest.approx((num_modes - 1) / (2 * num_samples), rel=0.08)


@settings(deadline=None)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=30).filter(any))
def test_entropy_and_reverse_divergence_add_up(counts: list[int]) -> None:
    scores = mode_scores(in_modes(*counts), len(counts))
    most = log(len(counts))
    assert 0 <= scores.reverse_kl <= most + 1e-12
    assert scores.mode_entropy * most + scores.reverse_kl == pytest.approx(most)


@pytest.mark.parametrize("num_modes", [1, 8])
def test_without_a_sample_in_any_mode_there_is_no_entropy(num_modes: int) -> None:
    scores = mode_scores(in_modes(lost=50), num_modes)
    assert (scores.modes, scores.high_quality_frac) == (0, 0)
    assert isnan(scores.mode_entropy)
    assert isnan(scores.reverse_kl)
