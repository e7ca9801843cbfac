"""To which class an exception in a trial belongs, by what it and its causes are."""

import errno
import re
import traceback
from collections.abc import Iterator

from gan_models.errors import GanModelsError, GpuMemoryError, StorageError
from gan_models.files import STORAGE_ERRNOS
from orchestrator.errors import OvertakenError, StoreError
from orchestrator.records import FaultKind

_OS_ERROR_IN_TEXT = re.compile(r"\(os error (\d+)\)")  # safetensors keeps no errno but in words
_GPU_ALLOCATION = ("CUDA out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED")
_HOST_ALLOCATION = ("DefaultCPUAllocator: can't allocate", "not enough memory: you tried")


def fault_of(error: BaseException) -> FaultKind:
    """Classify an exception that a trial raised, or that writing for it raised."""
    chain = list(_causes(error))
    if any(is_storage_failure(each) for each in chain):
        return FaultKind.STORAGE
    if any(_is_out_of_gpu_memory(each) for each in chain):
        return FaultKind.OUT_OF_MEMORY_GPU
    if any(_is_out_of_host_memory(each) for each in chain):
        return FaultKind.OUT_OF_MEMORY_HOST
    if isinstance(error, OvertakenError):
        return FaultKind.PROCESS_KILLED  # of use only if nobody has taken over in truth
    return FaultKind.BAD_DATA if isinstance(error, GanModelsError) else FaultKind.BAD_CODE


def is_storage_failure(error: BaseException) -> bool:
    """Say whether the disk is full, read-only, over its quota or gone, whoever says so."""
    if isinstance(error, OSError):
        return error.errno in STORAGE_ERRNOS
    if isinstance(error, StorageError | StoreError):
        return True
    found = _OS_ERROR_IN_TEXT.search(str(error))
    return found is not None and int(found[1]) in STORAGE_ERRNOS


def describe_error(error: BaseException) -> str:
    """Return type, message and place of an exception in one line."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" ({frame.name}, line {frame.lineno})" for frame in where)
    return f"{type(error).__name__}: {error}{place}"


def cause_of(error: BaseException) -> str:
    """Name type and place of an exception: equal for trials that fail alike."""
    where = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" in {frame.name}, line {frame.lineno}" for frame in where)
    return f"{type(error).__name__}{place}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it was raised from."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__


def _is_out_of_gpu_memory(error: BaseException) -> bool:
    # by name, so that nothing here loads torch
    names = {f"{each.__module__}.{each.__name__}" for each in type(error).__mro__}
    is_torchs = bool(names & {"torch.OutOfMemoryError", "torch.cuda.OutOfMemoryError"})
    return is_torchs or isinstance(error, GpuMemoryError) or _says(error, _GPU_ALLOCATION)


def _is_out_of_host_memory(error: BaseException) -> bool:
    is_os_error = isinstance(error, OSError) and error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or is_os_error or _says(error, _HOST_ALLOCATION)


def _says(error: BaseException, phrases: tuple[str, ...]) -> bool:
    return isinstance(error, RuntimeError) and any(phrase in str(error) for phrase in phrases)
