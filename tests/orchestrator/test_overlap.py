import pytest
import torch

from orchestrator.overlap import shared_frac


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_the_share_of_samples_that_stand_among_others(dtype: torch.dtype) -> None:
    others = torch.arange(24).reshape(6, 1, 2, 2).to(dtype)
    samples = torch.cat([others[4:], others[:1], others[:1] + 1])
    assert shared_frac(samples, others) == 0.75
    assert shared_frac(samples[3:], others) == 0
    assert shared_frac(others.transpose(2, 3), others.transpose(2, 3).clone()) == 1
