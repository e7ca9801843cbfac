from random import Random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics.moments import Moments


def draw(n: int, d: int, *, offset: float = 0.0, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=generator) + offset


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=6),
    d=st.integers(1, 12),
    offset=st.sampled_from([0.0, 1e3]),
    order=st.randoms(use_true_random=False),
)
def test_parts_merged_in_any_order_equal_one_pass(
    sizes: list[int], d: int, offset: float, order: Random
) -> None:
    samples = draw(sum(sizes) + 2, d, offset=offset)
    parts = [Moments.of(part) for part in samples.split([*sizes, 2])]
    order.shuffle(parts)
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    assert merged.num_samples == len(samples)
    torch.testing.assert_close(merged.mean, samples.mean(dim=0), rtol=1e-12, atol=1e-12)
    expected = torch.cov(samples.T).reshape(d, d)
    torch.testing.assert_close(merged.covariance, expected, rtol=1e-11, atol=1e-11)


def test_more_rows_than_a_chunk_equal_one_pass() -> None:
    samples = draw(10_000, 3, offset=50.0)
    moments = Moments.of(samples)
    torch.testing.assert_close(moments.covariance, torch.cov(samples.T), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(moments.mean, samples.mean(dim=0), rtol=1e-13, atol=0)


def test_float32_samples_are_summed_in_float64() -> None:
    samples = draw(5000, 4, offset=1e3).float()
    exact = Moments.of(samples.double())
    assert torch.equal(Moments.of(samples).covariance, exact.covariance)
    single = torch.cov(samples.T)
    assert not torch.allclose(single.double(), exact.covariance, rtol=1e-9, atol=0)


def test_moments_of_unlike_features_do_not_merge() -> None:
    with pytest.raises(MetricError, match=r"'a' \(2 values\) .* 'b' \(2 values\)"):
        Moments.of(draw(3, 2), "a").merge(Moments.of(draw(3, 2), "b"))
    with pytest.raises(MetricError, match=r"\(2 values\) cannot be merged .*\(3 values\)"):
        Moments.of(draw(3, 2), "a").merge(Moments.of(draw(3, 3), "a"))


def test_one_sample_has_a_mean_but_no_covariance() -> None:
    moments = Moments.of(draw(1, 2))
    assert moments.num_samples == 1
    with pytest.raises(MetricError, match="1 samples: at least 2 are needed"):
        _ = moments.covariance
