"""Against sums of squared differences in float64, on data that float32 products get wrong."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics import distances
from gan_models.metrics.distance_bounds import Pairs
from gan_models.metrics.distances import (
    DistanceBlock,
    Nearest,
    distance_blocks,
    k_nearest,
    nearest_squared_distances,
)


def draw(n: int, d: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=generator)


def clusters(n: int, d: int, seed: int) -> Tensor:
    """Five clusters 1e-3 wide at distance 1e3: all their inner distances are lost in float32."""
    return 1e3 * draw(5, d, seed=99)[torch.arange(n) % 5] + 1e-3 * draw(n, d, seed)


def two_clusters_in_a_corner(n: int, d: int, seed: int) -> Tensor:
    """So narrow that float64 products lose their inner distances too."""
    return 1e9 * (1 + (torch.arange(n) % 2)[:, None]) + 1e-5 * draw(n, d, seed)


def with_outlier(n: int, d: int, seed: int) -> Tensor:
    samples = draw(n, d, seed)
    samples[n // 2] *= 1e8
    return samples


def repeated(n: int, d: int, seed: int) -> Tensor:
    return draw(n // 3 + 1, d, seed).repeat(3, 1)[:n]


HARD: dict[str, Callable[[int, int, int], Tensor]] = {
    "clusters": clusters,
    "two clusters in a corner": two_clusters_in_a_corner,
    "one outlier": with_outlier,
    "each three times": repeated,
    "all the same": lambda n, d, seed: torch.full((n, d), 0.1, dtype=torch.float64),
    "tiny": lambda n, d, seed: 1e-40 * draw(n, d, seed),
    "huge": lambda n, d, seed: 1e40 * draw(n, d, seed),
    "a grid, all ties": lambda n, d, seed: draw(n, d, seed).round(),
}


def all_distances(rows: Tensor, columns: Tensor) -> Tensor:
    return (rows.double()[:, None] - columns.double()).square_().sum(dim=2)


def closer(rows: Tensor, columns: Tensor, radii: Tensor, *, of_rows: bool) -> Tensor:
    """Return the n x m answers of all blocks together."""
    answers = torch.zeros(len(rows), len(columns), dtype=torch.bool)
    start = 0
    for block in distance_blocks(rows, columns):
        block_radii = radii[start : start + len(block), None] if of_rows else radii[None, :]
        pairs = block.closer_than(block_radii)
        assert not answers[start + pairs.rows, pairs.columns].any()
        answers[start + pairs.rows, pairs.columns] = True
        start += len(block)
    return answers


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("d", [1, 2, 33])
@pytest.mark.parametrize("name", HARD)
def test_hard_data_compare_as_sums_of_squared_differences_do(
    name: str, d: int, dtype: torch.dtype
) -> None:
    rows, columns = (HARD[name](90, d, seed).clamp(-1e38, 1e38).to(dtype) for seed in (0, 1))
    columns[:10] = rows[20:30]  # distances of zero, and distances equal to radii
    within = all_distances(rows, rows).fill_diagonal_(torch.inf)
    radii = within.sort(dim=1).values[:, 2]
    assert torch.equal(k_nearest(rows, None, 3).squared_distances[:, 2], radii)
    between = all_distances(rows, columns)
    assert torch.equal(closer(rows, columns, radii, of_rows=True), between < radii[:, None])
    assert torch.equal(closer(rows, columns, radii, of_rows=False), between < radii)


@given(
    n=st.integers(1, 40),
    m=st.integers(1, 40),
    d=st.integers(1, 40),
    decimals=st.integers(0, 3),
    scale=st.sampled_from([1e-12, 1e-3, 1.0, 1e6]),
    offset=st.sampled_from([0.0, 1.0, 1e5]),
    seed=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=60)
def test_the_nearest_are_those_of_all_distances_sorted(
    n: int, m: int, d: int, decimals: int, scale: float, offset: float, seed: int
) -> None:
    queries = scale * (draw(n, d, seed).round(decimals=decimals) + offset)
    base = scale * (draw(m, d, seed + 1).round(decimals=decimals) + offset)
    k = 1 + seed % m
    found = k_nearest(queries, base, k)
    expected = all_distances(queries, base)
    assert torch.equal(found.squared_distances, expected.sort(dim=1).values[:, :k])
    assert torch.equal(expected.gather(1, found.indices), found.squared_distances)
    assert all(len(row.unique()) == k for row in found.indices)


def test_distances_agree_with_scipy() -> None:
    queries, base = draw(50, 20, seed=0).float(), draw(70, 20, seed=1)
    expected = cdist(queries.double().numpy(), base.numpy(), "sqeuclidean").min(axis=1)
    found = nearest_squared_distances(queries, base)
    assert found.dtype == torch.float64
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-14)


def test_the_nearest_of_a_line_by_hand() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    found = k_nearest(torch.tensor([[2.5]]), line, 3)
    assert found.squared_distances.tolist() == [[0.25, 2.25, 6.25]]
    assert found.indices.tolist() == [[2, 1, 0]]
    assert k_nearest(line, None, 1).indices.tolist() == [[1], [0], [1], [2]]


@pytest.mark.parametrize("name", HARD)
def test_blocks_and_tiers_do_not_show_in_the_answers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = HARD[name](60, 5, 0)

    def distances_of(block_pairs: int, chunk_values: int, open_frac: float) -> Nearest:
        monkeypatch.setattr(distances, "_BLOCK_PAIRS", block_pairs)
        monkeypatch.setattr(distances, "CHUNK_VALUES", chunk_values)
        monkeypatch.setattr(distances, "_OPEN_FRAC", open_frac)
        return k_nearest(samples, None, 4)

    whole = distances_of(2**20, 2**16, 1.0).squared_distances
    assert torch.equal(distances_of(7 * 60, 12, 1.0).squared_distances, whole)
    assert torch.equal(distances_of(1, 1, -1.0).squared_distances, whole)


def count_recomputed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows by the number of pairs that are computed one by one."""
    counts: list[int] = []
    exact = DistanceBlock._exact

    def counting(block: DistanceBlock, pairs: Pairs) -> Tensor:
        counts.append(len(pairs.rows))
        return exact(block, pairs)

    monkeypatch.setattr(DistanceBlock, "_exact", counting)
    return counts


def test_only_few_distances_of_ordinary_features_are_computed_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = count_recomputed(monkeypatch)
    samples = draw(1000, 256).relu()
    radii = k_nearest(samples, None, 5).squared_distances[:, -1]
    assert sum(counts) < 1.2 * 5 * 1000
    counts.clear()
    closer(samples, draw(1000, 256, seed=1).relu(), radii, of_rows=True)
    assert sum(counts) < 200


def test_tight_clusters_are_left_to_float64_products(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = count_recomputed(monkeypatch)
    k_nearest(clusters(500, 16, 0), None, 5)
    assert sum(counts) < 3 * 5 * 500  # of 50,000 within the clusters


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_features_mapped_read_only_from_disk_are_only_read(tmp_path: Path) -> None:
    samples = draw(80, 6).float()
    np.save(tmp_path / "features.npy", samples.numpy())
    mapped = torch.from_numpy(np.load(tmp_path / "features.npy", mmap_mode="r"))
    assert torch.equal(k_nearest(mapped, None, 3).indices, k_nearest(samples, None, 3).indices)
    assert torch.equal(mapped, samples)


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e200])
def test_values_without_a_distance_are_refused(value: float) -> None:
    base = draw(5, 2)
    base[3, 1] = value
    with pytest.raises(MetricError, match="distances need finite values below 1e.150"):
        k_nearest(draw(5, 2), base, 1)


def test_other_widths_are_refused_with_both() -> None:
    with pytest.raises(MetricError, match="features of 3 and of 4 values each have no distance"):
        nearest_squared_distances(draw(5, 3), draw(5, 4))


def test_more_neighbours_than_samples_are_refused() -> None:
    with pytest.raises(MetricError, match="the 5 nearest of 4 samples: there are not so many"):
        k_nearest(draw(5, 2), None, 5)
