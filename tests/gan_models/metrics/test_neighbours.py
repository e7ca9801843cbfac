"""Against the authors' own package, and the closed form of equal distributions."""

import pytest
import torch
from prdc import compute_prdc
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics import neighbours
from gan_models.metrics.neighbours import NeighbourScores, neighbour_scores, squared_radii


def draw(n: int, d: int, seed: int, *, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, d, dtype=torch.float64, generator=generator)


def score(real: Tensor, fakes: Tensor, k: int = 5) -> NeighbourScores:
    return neighbour_scores(real, squared_radii(real, k), fakes, k=k)


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
    expected = compute_prdc(real.numpy(), fakes.numpy(), k)
    found = score(real, fakes, k)
    assert found.precision == expected["precision"]
    assert found.recall == expected["recall"]
    assert found.coverage == expected["coverage"]
    assert found.density == pytest.approx(expected["density"], rel=1e-12)


def test_chunks_do_not_show_in_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fakes = draw(100, 8, seed=0), draw(90, 8, seed=1)
    whole = score(real, fakes)
    monkeypatch.setattr(neighbours, "_CHUNK_ROWS", 7)
    assert score(real, fakes) == whole


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
