import pytest
import torch

from benchmarks.decision.truth import SlicedWasserstein, root_variance, shared_mass


def test_the_sliced_distance_of_a_shift_is_its_mean_projection() -> None:
    real = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0))
    distance = SlicedWasserstein(real)
    shifted = distance(real + torch.tensor([3.0, 0.0]))
    assert shifted == pytest.approx(3.0 * 2 / torch.pi, rel=0.1)  # the mean of |cos|
    assert distance(real) == pytest.approx(0.0, abs=1e-3)


def test_shared_mass_is_one_less_what_is_missing() -> None:
    shares = torch.full((4,), 0.25, dtype=torch.float64)
    assert shared_mass(shares, torch.tensor([0, 1, 2, 3])) == 1.0
    assert shared_mass(shares, torch.tensor([0, 0, 0, 0])) == 0.25
    assert shared_mass(shares, torch.tensor([0, 1, -1, -1])) == 0.5


def test_spread_is_the_root_of_the_summed_variances() -> None:
    samples = torch.tensor([[0.0, 0.0], [2.0, 4.0]])
    assert root_variance(samples) == pytest.approx((2.0 + 8.0) ** 0.5)
