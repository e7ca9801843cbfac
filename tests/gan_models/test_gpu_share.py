import pytest
import torch

from gan_models.errors import GpuMemoryError
from gan_models.gpu_share import claim_gpu

GIB = 2**30


@pytest.fixture
def fractions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, str]]:
    """Pretend a GPU of 80 GiB with 30 free; return the limits that are set on it."""
    limits: list[tuple[float, str]] = []
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (30 * GIB, 80 * GIB))
    monkeypatch.setattr(
        torch.cuda,
        "set_per_process_memory_fraction",
        lambda fraction, device: limits.append((fraction, device)),
    )
    return limits


def test_a_share_of_a_gpu_limits_the_memory_likewise(fractions: list[tuple[float, str]]) -> None:
    claim_gpu("cuda", share=0.25)
    claim_gpu("cuda", share=2)  # whole GPUs
    assert fractions == [(0.25, "cuda"), (1.0, "cuda")]


def test_memory_that_is_asked_for_is_the_limit(fractions: list[tuple[float, str]]) -> None:
    claim_gpu("cuda", share=0.5, memory_bytes=20 * GIB)
    assert fractions == [(0.25, "cuda")]


def test_memory_that_others_took_is_refused_with_the_numbers(
    fractions: list[tuple[float, str]],
) -> None:
    with pytest.raises(GpuMemoryError, match=r"cuda: 40 GiB were .* 30 of 80 GiB are: lower"):
        claim_gpu("cuda", share=0.5, memory_bytes=40 * GIB)
    assert fractions == []


def test_a_processor_is_not_shared_so(fractions: list[tuple[float, str]]) -> None:
    claim_gpu("cpu", share=0.25, memory_bytes=10**15)
    assert fractions == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_beyond_its_share_a_process_runs_out_of_memory_alone() -> None:
    _, total_bytes = torch.cuda.mem_get_info()
    claim_gpu("cuda", share=0.05)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(round(0.1 * total_bytes), dtype=torch.uint8, device="cuda")
    finally:
        claim_gpu("cuda", share=1.0)
