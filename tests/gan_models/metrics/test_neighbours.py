"""Against the authors' own package, and the closed form of equal distributions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc
from scipy.spatial.distance import cdist
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.neighbours import NeighbourScores, neighbour_scores, squared_radii


def draw(n: int, d: int, seed: int, *, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, d, dtype=torch.float64, generator=generator)


def score(real: Tensor, fakes: Tensor, k: int = 5) -> NeighbourScores:
    return neighbour_scores(real, squared_radii(real, k), fakes, k=k)


def assert_equal_to_prdc(found: NeighbourScores, real: Tensor, fakes: Tensor, k: int) -> None:
    expected = compute_prdc(real.numpy(), fakes.numpy(), k)
    assert found.precision == expected["precision"]
    assert found.recall == expected["recall"]
    assert found.coverage == expected["coverage"]
    assert found.density == pytest.approx(expected["density"], rel=1e-12)


@pytest.mark.parametrize(
    ("n_real", "n_fake", "k", "scale", "offset"),
    [
        (300, 300, 5, 1.0, 0.0),
        (300, 150, 3, 0.5, 0.3),
        (200, 700, 5, 1.5, 50.0),
        (7, 7, 5, 1.0, 0.1),
    ],
)
def test_scores_equal_those_of_prdc_exactly(
    n_real: int, n_fake: int, k: int, scale: float, offset: float
) -> None:
    real = draw(n_real, 16, seed=0) + offset
    fakes = draw(n_fake, 16, seed=1, scale=scale) + offset
    assert_equal_to_prdc(score(real, fakes, k), real, fakes, k)


@given(
    n_real=st.integers(8, 60),
    n_fake=st.integers(8, 60),
    d=st.integers(1, 20),
    rank=st.integers(1, 20),
    scale=st.sampled_from([2.0**-40, 1.0, 2.0**40]),
    copies=st.integers(0, 8),
    k=st.integers(1, 6),
    seed=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=30)
def test_scores_of_any_shape_and_rank_and_of_copies_equal_those_of_prdc(
    n_real: int, n_fake: int, d: int, rank: int, scale: float, copies: int, k: int, seed: int
) -> None:
    # Whole numbers: prdc's products of them are exact, so that it sees ties as ties.
    basis = draw(rank, d, seed).mul(3).round()
    real, fakes = (draw(n, rank, seed + n).mul(3).round() @ basis for n in (n_real, n_fake))
    fakes[:copies] = real[:copies]
    real[n_real - copies :] = real[:1]
    real, fakes = scale * real, scale * fakes
    assert_equal_to_prdc(score(real, fakes, k), real, fakes, k)


def test_float32_features_are_scored_as_their_float64_copies() -> None:
    real = draw(300, 64, seed=0).relu().float()
    fakes = draw(400, 64, seed=1, scale=0.9).relu().float()
    found = score(real, fakes)
    assert torch.equal(squared_radii(real), squared_radii(real.double()))
    assert found == score(real.double(), fakes.double())
    assert_equal_to_prdc(found, real.double(), fakes.double(), 5)


def test_tight_clusters_far_apart_are_scored_as_by_differences() -> None:
    centres = 1e3 * draw(6, 10, seed=2)
    real = centres[torch.arange(120) % 6] + draw(120, 10, seed=0, scale=1e-3)
    fakes = centres[torch.arange(90) % 5] + draw(90, 10, seed=1, scale=1e-3)
    real_radii, fake_radii = (
        np.sort(cdist(samples, samples), axis=1)[:, 5] for samples in (real.numpy(), fakes.numpy())
    )
    distances = cdist(real.numpy(), fakes.numpy())
    in_real_ball = distances < real_radii[:, None]
    assert score(real, fakes) == NeighbourScores(
        precision=in_real_ball.any(axis=0).mean(),
        recall=(distances < fake_radii).any(axis=1).mean(),
        density=in_real_ball.sum() / (5 * 90),
        coverage=in_real_ball.any(axis=1).mean(),
    )


def test_a_set_scored_against_itself_is_in_all_its_balls() -> None:
    real = draw(50, 3, seed=0)
    scores = score(real, real)
    # The k-th nearest lies on the border; the centre and k - 1 others lie within.
    assert scores == NeighbourScores(precision=1, recall=1, density=1, coverage=1)
    assert scores == score(real, real.clone())


def test_a_generator_that_repeats_one_sample_recalls_nothing() -> None:
    scores = score(draw(200, 4, seed=0), draw(1, 4, seed=1).expand(3000, 4) * 0.1)
    assert scores.recall == 0
    assert scores.precision == 1


def test_radii_reach_to_the_kth_other_sample_by_hand() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]], dtype=torch.float64)
    assert squared_radii(line, k=1).tolist() == pytest.approx([1, 1, 4, 16])
    assert squared_radii(line, k=2).tolist() == pytest.approx([9, 4, 9, 36])


def test_a_sample_is_left_out_of_its_own_neighbours_even_among_duplicates() -> None:
    twins = draw(20, 3, seed=0).repeat(2, 1)
    assert squared_radii(twins, k=1).max() < 1e-12
    assert squared_radii(twins, k=2).min() > 1e-6


@pytest.mark.parametrize(
    ("n_real", "n_fake", "k", "expected_coverage"),
    [(300, 300, 5, 0.9695), (300, 150, 3, 0.7057), (200, 400, 5, 0.9961)],
)
def test_equal_distributions_have_density_one_and_the_closed_form_of_coverage(
    n_real: int, n_fake: int, k: int, expected_coverage: float
) -> None:
    scores = [score(draw(n_real, 4, seed), draw(n_fake, 4, seed + 1000), k) for seed in range(60)]
    mean_density = sum(s.density for s in scores) / len(scores)
    mean_coverage = sum(s.coverage for s in scores) / len(scores)
    assert mean_density == pytest.approx(1.0, abs=0.02)
    assert mean_coverage == pytest.approx(expected_coverage, abs=0.01)


def test_a_tight_cluster_inside_the_data_is_precise_and_recalls_little() -> None:
    scores = score(draw(500, 4, seed=0), draw(500, 4, seed=1, scale=0.05))
    assert scores.precision > 0.8
    assert scores.recall < 0.3
    assert scores.coverage < 0.3


def test_fakes_far_away_score_zero_everywhere() -> None:
    assert score(draw(50, 3, seed=0), draw(50, 3, seed=1) + 100) == NeighbourScores(0, 0, 0, 0)


def test_too_few_fakes_are_refused_with_count_and_minimum() -> None:
    with pytest.raises(MetricError, match="fakes: 6 samples; at least 7 are needed for k = 5"):
        score(draw(20, 2, seed=0), draw(6, 2, seed=1))


def test_fakes_of_another_feature_space_are_refused_with_both_widths() -> None:
    with pytest.raises(MetricError, match="features of 2 and of 3 values each have no distance"):
        score(draw(20, 2, seed=0), draw(20, 3, seed=1))


def test_features_that_are_not_finite_are_refused() -> None:
    with pytest.raises(MetricError, match="features reach nan: distances need finite values"):
        score(draw(20, 2, seed=0), draw(20, 2, seed=1).log())
