"""Against closed forms, and the definition worked out with numpy."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from gan_models.errors import MetricError
from gan_models.metrics import vendi
from gan_models.metrics.vendi import vendi_score


def draw(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def by_definition(features: Tensor) -> float:
    """Eigenvalues of the n x n cosine similarities, whichever of n and d is larger."""
    unit = features.numpy() / np.linalg.norm(features.numpy(), axis=1, keepdims=True)
    shares = np.linalg.eigvalsh(unit @ unit.T / len(unit))
    shares = shares[shares > 1e-14]
    return float(np.exp(-(shares * np.log(shares)).sum()))


@settings(deadline=None)
@given(n=st.integers(1, 40), d=st.integers(1, 40), rank=st.integers(1, 40), seed=st.integers(0, 99))
def test_both_paths_follow_the_definition_at_every_shape_and_rank(
    n: int, d: int, rank: int, seed: int
) -> None:
    features = draw(n, rank, seed) @ draw(rank, d, seed + 1)
    assert vendi_score(features) == pytest.approx(by_definition(features), rel=1e-8)


@pytest.mark.parametrize(("n", "d"), [(50, 3), (3, 50), (1, 1)])
@pytest.mark.parametrize("scale", [0.0, 1e-200, 1.0, 1e200])
def test_copies_of_one_sample_are_worth_one(n: int, d: int, scale: float) -> None:
    assert vendi_score(draw(1, d).repeat(n, 1) * scale) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize(("n", "d"), [(1, 1), (8, 8), (8, 30)])
def test_orthogonal_samples_are_worth_their_number(n: int, d: int) -> None:
    rotation = torch.linalg.qr(draw(d, d)).Q
    assert vendi_score(rotation[:n]) == pytest.approx(n, rel=1e-9)


@settings(deadline=None)
@given(m=st.integers(1, 12), copies=st.integers(1, 8), scale=st.floats(1e-30, 1e30))
def test_an_equal_mix_of_orthogonal_directions_is_worth_their_number(
    m: int, copies: int, scale: float
) -> None:
    features = torch.eye(12, dtype=torch.float64)[:m].repeat(copies, 1) * scale
    assert vendi_score(features) == pytest.approx(m, rel=1e-9)


def test_an_unequal_mix_counts_by_its_entropy() -> None:
    features = torch.tensor([[1.0, 0.0]] * 3 + [[0.0, 2.0]])
    expected = np.exp(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert vendi_score(features) == pytest.approx(expected)


@settings(deadline=None)
@given(st.lists(st.floats(1e-150, 1e150), min_size=30, max_size=30))
def test_the_length_of_a_feature_does_not_count(lengths: list[float]) -> None:
    features = draw(30, 7)
    scaled = features * torch.tensor(lengths, dtype=torch.float64)[:, None]
    assert vendi_score(scaled) == pytest.approx(vendi_score(features), rel=1e-9)


@pytest.mark.parametrize("width", [2, 20])
def test_zeros_are_alike_and_orthogonal_to_all_others(width: int) -> None:
    features = torch.zeros(6, width)
    features[0, 0] = features[1, 0] = 1
    features[2, 1] = features[3, 1] = -3
    assert vendi_score(features) == pytest.approx(3.0)


@pytest.mark.parametrize(("n", "d"), [(100, 9), (40, 60)])
def test_chunks_and_the_order_of_samples_do_not_show(
    n: int, d: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = draw(n, d)
    whole = vendi_score(features)
    monkeypatch.setattr(vendi, "_CHUNK_ROWS", 7)
    assert vendi_score(features.flip(0)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(("n", "d"), [(100, 9), (40, 60)])
def test_float32_features_are_judged_in_float64_and_only_read(n: int, d: int) -> None:
    features = draw(n, d).float()
    before = features.clone()
    assert vendi_score(features) == vendi_score(features.double())
    assert torch.equal(features, before)


def test_a_collapse_lowers_the_score_though_no_reals_are_known() -> None:
    spread = draw(500, 16)
    collapsed = spread[:4].repeat(125, 1) + 0.01 * draw(500, 16, seed=1)
    assert vendi_score(collapsed) < 4.1 < 15 < vendi_score(spread)


def test_no_samples_are_refused() -> None:
    with pytest.raises(MetricError, match="Vendi score: there are no samples"):
        vendi_score(torch.zeros(0, 4))
