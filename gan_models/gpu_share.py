"""A process's share of a GPU that it has with others: what it may take, and whether that is there.

Nothing in CUDA keeps one process from taking the memory of its neighbours; torch's allocator can.
"""

import torch

from gan_models.errors import GpuMemoryError

_GIB = 2**30


def claim_gpu(device: torch.device | str, *, share: float, memory_bytes: int | None = None) -> None:
    """Look whether the memory is free, and keep this process to it: beyond it, it runs out alone.

    Args:
        device: nothing is done for one that is no CUDA device.
        share: of the GPU that the process was given; from 1 on all of it.
        memory_bytes: what it needs; by default the share of what the GPU has, free or not, for
            then nobody has said what is needed.

    Raises:
        GpuMemoryError: if ``memory_bytes`` are not free, which a neighbour may have taken.
    """
    if torch.device(device).type != "cuda":
        return
    free_bytes, total_bytes = torch.cuda.mem_get_info(device)
    if memory_bytes is not None and memory_bytes > free_bytes:
        raise GpuMemoryError(
            f"{device}: {memory_bytes / _GIB:.3g} GiB were to be free for this trial, "
            f"{free_bytes / _GIB:.3g} of {total_bytes / _GIB:.3g} GiB are: lower "
            "resources.gpu_memory_gib_per_trial, or raise resources.gpus_per_trial"
        )
    wanted = share if memory_bytes is None else memory_bytes / total_bytes
    torch.cuda.set_per_process_memory_fraction(min(1.0, wanted), device)
