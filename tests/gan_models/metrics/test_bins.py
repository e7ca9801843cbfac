"""Against hand calculation, scipy, and what perfect fakes score over many draws."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from scipy.stats import chi2_contingency
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics import bins
from gan_models.metrics.bins import Bins, BinScores, different_bins, fit_bins
from gan_models.threads import pinned_threads


def draw(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def draw_heavy_tailed(n: int, d: int, seed: int) -> Tensor:
    return draw(n, d, seed) / draw(n, 3, seed + 1_000_000).square().mean(dim=1, keepdim=True).sqrt()


def on_a_line(*counts: int) -> Tensor:
    """Return that many samples at 0, 1, 2, …"""
    return torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))[:, None].float()


def bins_on_a_line(*real_counts: int) -> Bins:
    centres = torch.arange(len(real_counts), dtype=torch.float64)[:, None]
    return Bins(centres, torch.tensor(real_counts))


def compare(real_counts: list[int], fake_counts: list[int]) -> BinScores:
    return different_bins(bins_on_a_line(*real_counts), on_a_line(*fake_counts))


def test_two_proportions_by_hand() -> None:
    # z = 0.14 / sqrt(0.45 * 0.55 * 0.02) = 1.990, and 0.13 / sqrt(0.455 * 0.545 * 0.02) = 1.846
    assert compare([52, 48], [38, 62]).differing_frac == 1.0
    assert compare([52, 48], [39, 61]).differing_frac == 0.0


counts = st.lists(st.integers(0, 60), min_size=6, max_size=6).filter(any)


@settings(deadline=None)
@given(counts, counts)
def test_bins_differ_where_a_chi_squared_test_of_the_bin_says_so(
    real_counts: list[int], fake_counts: list[int]
) -> None:
    n, m = sum(real_counts), sum(fake_counts)
    differing = 0
    for r, f in zip(real_counts, fake_counts, strict=True):
        table = np.array([[r, n - r], [f, m - f]])
        # z² of two pooled proportions is χ² of one degree of freedom, without correction
        testable = table.sum(axis=0).all()
        differing += bool(testable and chi2_contingency(table, correction=False).pvalue < 0.05)
    assert compare(real_counts, fake_counts).differing_frac == pytest.approx(differing / 6)


def test_equal_histograms_do_not_differ_and_disjoint_ones_do() -> None:
    assert compare([50, 30, 20], [100, 60, 40]) == BinScores(0.0)
    assert compare([50, 50, 0, 0], [0, 0, 50, 50]) == BinScores(1.0)


def test_a_bin_that_holds_nothing_or_everything_does_not_differ() -> None:
    assert compare([100, 0], [40, 0]) == BinScores(0.0)


@pytest.mark.parametrize(
    ("num_reals", "num_bins"), [(4, 2), (5, 2), (118, 2), (120, 3), (1000, 25), (5000, 100)]
)
def test_a_bin_holds_twenty_counted_reals_on_average_between_2_and_100_bins(
    num_reals: int, num_bins: int
) -> None:
    fitted = fit_bins(draw(num_reals, 2, seed=0), seed=0)
    assert fitted.centres.shape == (num_bins, 2)
    assert fitted.centres.dtype is torch.float64
    assert fitted.real_counts.dtype is torch.int64
    assert fitted.real_counts.sum() == num_reals // 2


def test_far_clusters_become_bins_and_a_lost_one_shows() -> None:
    corners = 1000 + 100 * torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    real, fakes = (corners.repeat(40, 1) + draw(120, 2, seed) for seed in range(2))
    fitted = fit_bins(real, seed=0)
    assert sorted(map(tuple, fitted.centres.round(decimals=-2).tolist())) == [
        tuple(corner) for corner in sorted(corners.tolist())
    ]
    assert different_bins(fitted, fakes).differing_frac == 0.0
    assert different_bins(fitted, fakes[fakes[:, 0] < 1050]).differing_frac >= 1 / 3


@pytest.mark.parametrize("make", [draw, draw_heavy_tailed])
@pytest.mark.parametrize(("n", "m", "d"), [(400, 2000, 64), (800, 800, 4)])
def test_about_the_nominal_share_of_bins_or_less_differs_for_perfect_fakes(
    make: Callable[[int, int, int], Tensor], n: int, m: int, d: int
) -> None:
    shares = [
        different_bins(fit_bins(make(n, d, seed), seed=seed), make(m, d, seed + 5000))
        for seed in range(40)
    ]
    assert 0.002 < np.mean([one.differing_frac for one in shares]) < 0.075


def test_the_same_seed_fits_the_same_bins_whatever_the_threads() -> None:
    features = draw(600, 16, seed=0)
    once = fit_bins(features, seed=3)
    with pinned_threads(2):
        again = fit_bins(features, seed=3)
    other = fit_bins(features, seed=4)
    assert torch.equal(once.centres, again.centres)
    assert torch.equal(once.real_counts, again.real_counts)
    assert not torch.equal(once.centres, other.centres)


def test_chunks_and_precision_do_not_show_and_features_are_only_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real, fakes = draw(400, 8, seed=0), draw(300, 8, seed=1)
    before = real.clone(), fakes.clone()
    fitted = fit_bins(real, seed=0)
    whole = different_bins(fitted, fakes)
    monkeypatch.setattr(bins, "_CHUNK_ROWS", 7)
    assert different_bins(fitted, fakes.double()) == whole
    assert torch.equal(real, before[0])
    assert torch.equal(fakes, before[1])


def test_constant_reals_leave_bins_empty_and_a_defined_score() -> None:
    fitted = fit_bins(torch.ones(200, 3), seed=0)
    assert sorted(fitted.real_counts.tolist()) == [0, 0, 0, 0, 100]
    assert different_bins(fitted, torch.ones(50, 3)) == BinScores(0.0)


def test_bins_are_plain_tensors_that_a_file_can_hold() -> None:
    fitted = fit_bins(draw(200, 5, seed=0), seed=0)
    stored = load(save({"centres": fitted.centres, "real_counts": fitted.real_counts}))
    fakes = draw(100, 5, seed=1)
    assert different_bins(Bins(**stored), fakes) == different_bins(fitted, fakes)


def test_what_cannot_be_binned_is_refused() -> None:
    with pytest.raises(MetricError, match="bins: 3 reals; at least 4 are needed"):
        fit_bins(torch.ones(3, 2), seed=0)
    with pytest.raises(MetricError, match="bins: there are no fakes"):
        different_bins(bins_on_a_line(5, 5), torch.ones(0, 1))
    with pytest.raises(MetricError, match="fakes have 2 values each, reals 1"):
        different_bins(bins_on_a_line(5, 5), torch.ones(4, 2))
