"""Bounds hold for every pair, against differences in exact arithmetic."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_models.metrics.distance_bounds import Frame, Pairs, bound


def draw(n: int, d: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, dtype=torch.float64, generator=generator)


def exact_distance(a: Tensor, b: Tensor) -> Fraction:
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    return sum(((Fraction(x) - Fraction(y)) ** 2 for x, y in pairs), Fraction(0))


@given(
    d=st.integers(1, 30),
    scale=st.sampled_from([1e-60, 1e-8, 1.0, 1e20]),
    offset=st.sampled_from([0.0, 1.0, 1e4]),
    spread=st.sampled_from([0, 2, 10]),
    dtype=st.sampled_from([torch.float32, torch.float64]),
    seed=st.integers(0, 10_000),
)
@settings(deadline=None, max_examples=40)
def test_every_distance_lies_between_its_bounds(
    d: int, scale: float, offset: float, spread: int, dtype: torch.dtype, seed: int
) -> None:
    wide = draw(3, d, seed) * 10.0 ** draw(3, 1, seed + 1).mul(spread)
    rows = scale * (torch.cat([wide, -wide]) + offset)  # mirrored: the smallest lie at the centre
    columns = scale * (draw(7, d, seed + 2) * 10.0 ** draw(7, 1, seed + 3).mul(spread) + offset)
    columns[:3] = rows[:3]
    frame = Frame.of(rows, columns)
    bounds = bound(frame.place(rows, dtype), frame.place(columns, dtype), None)
    indices = torch.cartesian_prod(torch.arange(6), torch.arange(7))
    pairs = Pairs(indices[:, 0], indices[:, 1])
    low = bounds.lower.double()[pairs] + bounds.row_terms[pairs.rows]
    high = bounds.upper(pairs)
    for row, column, least, most in zip(*pairs, low.tolist(), high.tolist(), strict=True):
        distance = exact_distance(rows[row], columns[column]) * Fraction(frame.scale) ** 2
        assert least <= distance <= most


@pytest.mark.parametrize("of_rows", [True, False])
def test_a_possible_pair_is_one_whose_lower_bound_is_within_the_radius(of_rows: bool) -> None:
    rows = torch.tensor([[-1.0], [1.0]])
    columns = torch.tensor([[-1.0], [0.5], [4.0]])
    frame = Frame.of(rows, columns)
    bounds = bound(frame.place(rows, torch.float32), frame.place(columns, torch.float32), None)
    radii = torch.tensor([[0.5], [9.5]]) if of_rows else torch.tensor([[0.0, 2.5, 9.5]])
    found = bounds.possible(radii.double() * frame.scale**2)
    pairs = set(zip(found.rows.tolist(), found.columns.tolist(), strict=True))
    assert pairs == ({(0, 0), (1, 0), (1, 1), (1, 2)} if of_rows else {(0, 1), (1, 1), (1, 2)})


def test_a_sample_is_infinitely_far_from_itself_wherever_the_block_begins() -> None:
    samples = draw(5, 3, seed=0)
    frame = Frame.of(samples, samples)
    placed = frame.place(samples, torch.float32)
    later = bound(frame.place(samples[2:4], torch.float32), placed, 2)
    assert later.lower.isinf().nonzero().tolist() == [[0, 2], [1, 3]]


def test_a_frame_holds_all_samples_within_one_and_scales_without_rounding() -> None:
    frame = Frame.of(1e-70 * draw(20, 4, seed=0), 1e-66 * draw(20, 4, seed=1))
    values = frame.place(1e-66 * draw(20, 4, seed=1), torch.float32).values
    assert 0.25 < values.abs().max() <= 1
    assert frame.scale.hex().startswith("0x1.0000000000000p")
