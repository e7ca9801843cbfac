"""Against a double loop in plain Python, scikit-learn's kernel, and simulated spread."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import polynomial_kernel
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics import kernel
from gan_models.metrics.kernel import KernelDistance, kernel_distance, kernel_row_sums

FLOAT_TYPES = [torch.float32, torch.float64]


def draw(
    n: int, d: int, seed: int, *, offset: float = 0.0, dtype: torch.dtype = torch.float64
) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=dtype, generator=generator) + offset


def distance(real: Tensor, fakes: Tensor) -> KernelDistance:
    return kernel_distance(real, kernel_row_sums(real), fakes)


def unbiased_by_loops(real: Tensor, fakes: Tensor) -> float:
    def k(x: list[float], y: list[float]) -> float:
        return float((sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3)

    def within(rows: list[list[float]]) -> float:
        pairs = [k(x, y) for i, x in enumerate(rows) for j, y in enumerate(rows) if i != j]
        return sum(pairs) / len(pairs)

    xs, ys = real.tolist(), fakes.tolist()
    across = [k(x, y) for x in xs for y in ys]
    return within(xs) + within(ys) - 2 * sum(across) / len(across)


def unbiased_by_sklearn(real: Tensor, fakes: Tensor) -> float:
    x, y = real.double().numpy(), fakes.double().numpy()

    def within(rows: np.ndarray) -> float:
        matrix = polynomial_kernel(rows, degree=3, coef0=1)
        return float((matrix.sum() - np.trace(matrix)) / (len(rows) * (len(rows) - 1)))

    return within(x) + within(y) - 2 * float(polynomial_kernel(x, y, degree=3, coef0=1).mean())


def test_two_pairs_on_a_line_by_hand() -> None:
    real, fakes = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    # k(0, 1) = 1, k(1, 2) = 27, and across 1, 1, 8, 27
    found = distance(real, fakes)
    assert found.value == pytest.approx(1 + 27 - 2 * 37 / 4)
    # h_x = (1 - 1, 1 - 17.5), h_y = (27 - 4.5, 27 - 14): 2 sqrt(136.125 / 2 + 45.125 / 2)
    assert found.standard_error == pytest.approx(2 * (136.125 / 2 + 45.125 / 2) ** 0.5)


def test_row_sums_leave_each_sample_itself_out_by_hand() -> None:
    sums = kernel_row_sums(torch.tensor([[0.0], [1.0], [2.0]]))
    assert sums.dtype is torch.float64
    assert sums.tolist() == pytest.approx([1 + 1, 1 + 27, 1 + 27])


@settings(deadline=None)
@given(
    n=st.integers(2, 9),
    m=st.integers(2, 9),
    d=st.integers(1, 6),
    scale=st.sampled_from([0.0, 0.01, 1.0, 100.0]),
    seed=st.integers(0, 999),
)
def test_every_shape_and_scale_agrees_with_a_double_loop(
    n: int, m: int, d: int, scale: float, seed: int
) -> None:
    real, fakes = draw(n, d, seed) * scale, draw(m, d, seed + 1) * scale + 0.1
    expected = unbiased_by_loops(real, fakes)
    largest = float((real.abs().max() + fakes.abs().max() + 1) ** 6)
    assert distance(real, fakes).value == pytest.approx(expected, rel=1e-9, abs=1e-14 * largest)


@pytest.mark.parametrize(("n", "m", "d"), [(300, 200, 16), (50, 400, 128)])
@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_values_equal_those_of_the_full_kernel_matrices(
    n: int, m: int, d: int, offset: float
) -> None:
    real, fakes = draw(n, d, seed=0, offset=offset), draw(m, d, seed=1, offset=offset + 0.05)
    assert distance(real, fakes).value == pytest.approx(unbiased_by_sklearn(real, fakes), abs=1e-10)


@pytest.mark.parametrize("offset", [0.0, 10.0, 1000.0])
def test_float32_features_lose_far_less_than_the_standard_error(offset: float) -> None:
    real = draw(400, 64, seed=0, offset=offset, dtype=torch.float32)
    fakes = draw(300, 64, seed=1, offset=offset, dtype=torch.float32)
    found, exact = distance(real, fakes), distance(real.double(), fakes.double())
    assert abs(found.value - exact.value) < 1e-6 * exact.standard_error
    assert found.standard_error == pytest.approx(exact.standard_error, rel=1e-6)


@pytest.mark.parametrize(("left", "right"), [FLOAT_TYPES, FLOAT_TYPES[::-1]])
def test_precisions_may_differ_between_the_sides(left: torch.dtype, right: torch.dtype) -> None:
    real, fakes = draw(60, 8, seed=0), draw(50, 8, seed=1, offset=0.3)
    expected = distance(real, fakes).value
    assert distance(real.to(left), fakes.to(right)).value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@pytest.mark.parametrize("chunk_rows", [17, 90])
def test_chunks_do_not_show(
    dtype: torch.dtype, chunk_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, fakes = draw(130, 16, seed=0, dtype=dtype), draw(90, 16, seed=1, dtype=dtype)
    whole = distance(real, fakes)
    monkeypatch.setattr(kernel, "_CHUNK_ROWS", chunk_rows)
    tolerance = 1e-12 if dtype is torch.float64 else 1e-8
    apart = distance(real, fakes)
    assert apart.value == pytest.approx(whole.value, abs=tolerance)
    assert apart.standard_error == pytest.approx(whole.standard_error, abs=tolerance)


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
def test_the_order_of_samples_does_not_show(dtype: torch.dtype) -> None:
    real, fakes = draw(130, 16, seed=0, dtype=dtype), draw(90, 16, seed=1, dtype=dtype)
    found, turned = distance(real, fakes), distance(real.flip(0), fakes.roll(7, dims=0))
    tolerance = 1e-12 if dtype is torch.float64 else 1e-8
    assert turned.value == pytest.approx(found.value, abs=tolerance)
    assert turned.standard_error == pytest.approx(found.standard_error, abs=tolerance)


@pytest.mark.parametrize(
    ("n", "m", "shift", "scale"),
    [(150, 300, 0.0, 1.0), (300, 150, 0.0, 1.0), (150, 300, 0.2, 1.0), (200, 200, 1.0, 0.7)],
)
def test_the_standard_error_is_the_spread_over_draws_or_up_to_half_more(
    n: int, m: int, shift: float, scale: float
) -> None:
    found = [
        distance(draw(n, 32, seed), scale * draw(m, 32, seed + 5000) + shift) for seed in range(300)
    ]
    spread = float(np.std([one.value for one in found], ddof=1))
    assert 0.9 < np.mean([one.standard_error for one in found]) / spread < 1.6


@pytest.mark.parametrize("offset", [0.0, 1.0])
def test_fakes_as_good_as_real_are_at_distance_zero_on_average(offset: float) -> None:
    values = [
        distance(draw(60, 8, seed, offset=offset), draw(90, 8, seed + 5000, offset=offset)).value
        for seed in range(400)
    ]
    assert min(values) < 0 < max(values)
    assert abs(np.mean(values)) < 3 * np.std(values) / 20


def test_a_collapse_to_one_real_sample_has_its_closed_form() -> None:
    real = torch.eye(4)
    found = distance(real, real[:1].repeat(5, 1))
    # Reals are orthogonal (k = 1); fakes all alike (k = 1.25³), a quarter of the pairs across too.
    assert found.value == pytest.approx(1 + 1.25**3 - 2 * (1.25**3 + 3) / 4)


def test_features_are_only_read() -> None:
    real, fakes = draw(30, 4, seed=0), draw(20, 4, seed=1)
    before = real.clone(), fakes.clone()
    distance(real, fakes)
    assert torch.equal(real, before[0])
    assert torch.equal(fakes, before[1])


@settings(max_examples=20, deadline=None)
@given(st.floats(1e52, 1e300), st.sampled_from(FLOAT_TYPES))
def test_an_overflow_is_refused_with_the_largest_value(largest: float, dtype: torch.dtype) -> None:
    huge = torch.tensor([[largest, 1.0], [largest, 2.0]], dtype=torch.float64)
    huge = huge.clamp(max=torch.finfo(dtype).max).to(dtype)
    with pytest.raises(MetricError, match=r"features overflow \(values reach .*e\+.*\); scale"):
        kernel_row_sums(huge)
    with pytest.raises(MetricError, match="features overflow"):
        distance(torch.ones(3, 2), huge)


@pytest.mark.parametrize(
    ("real", "row_sums", "fakes", "message"),
    [
        (torch.ones(1, 4), torch.ones(1), torch.ones(5, 4), "1 samples; at least 2 are needed"),
        (torch.ones(5, 4), torch.ones(5), torch.ones(1, 4), "1 samples; at least 2 are needed"),
        (torch.ones(5, 4), torch.ones(5), torch.ones(5, 3), "fakes have 3 values each, reals 4"),
        (torch.ones(5, 4), torch.ones(4), torch.ones(5, 4), r"row sums of shape \(4,\) do not be"),
    ],
)
def test_sets_that_cannot_be_compared_are_refused(
    real: Tensor, row_sums: Tensor, fakes: Tensor, message: str
) -> None:
    with pytest.raises(MetricError, match=message):
        kernel_distance(real, row_sums.double(), fakes)
