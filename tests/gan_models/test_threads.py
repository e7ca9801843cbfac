import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from gan_models.threads import pinned_threads


def blas_threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))
    return {pool["num_threads"] for pool in threadpool_info()}


def test_torch_and_every_blas_keep_to_the_number() -> None:
    with pinned_threads(2):
        assert torch.get_num_threads() == 2
        assert blas_threads() == {2}
        with pinned_threads(1):
            assert torch.get_num_threads() == 1
            assert blas_threads() == {1}


def test_what_was_set_before_comes_back_even_after_an_error() -> None:
    before = torch.get_num_threads(), blas_threads()
    with pytest.raises(RuntimeError), pinned_threads(before[0] + 1):
        raise RuntimeError
    assert (torch.get_num_threads(), blas_threads()) == before
