import torch
from hypothesis import given
from hypothesis import strategies as st

from gan_models.metrics.symmetric import eigenvalues_of, gram


@given(n=st.integers(1, 30), d=st.integers(1, 20), seed=st.integers(0, 99))
def test_a_gram_matrix_is_the_product_with_the_transpose(n: int, d: int, seed: int) -> None:
    rows = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    found = gram(rows)
    torch.testing.assert_close(found, rows.T @ rows, rtol=1e-12, atol=1e-12)
    assert torch.equal(found, found.T)
    torch.testing.assert_close(gram(rows.T), rows @ rows.T, rtol=1e-12, atol=1e-12)


def test_eigenvalues_rise_and_rounding_below_zero_is_zero() -> None:
    rotation = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    symmetric = rotation @ torch.diag(torch.tensor([4.0, 0.0, 1.0]).double()) @ rotation.T
    found = eigenvalues_of((symmetric + symmetric.T) / 2)
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0, 4.0]).double(), atol=1e-12, rtol=0)
    assert (eigenvalues_of(-torch.eye(2, dtype=torch.float64)) == 0).all()
