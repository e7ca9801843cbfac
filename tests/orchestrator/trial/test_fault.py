import errno

import pytest
import torch

from gan_models.errors import CheckpointError, DataError, GpuMemoryError, StorageError
from orchestrator.records import FaultKind
from orchestrator.trial.fault import cause_of, describe_error, fault_of


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), FaultKind.OUT_OF_MEMORY_GPU),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), FaultKind.OUT_OF_MEMORY_GPU),
        (MemoryError(), FaultKind.OUT_OF_MEMORY_HOST),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), FaultKind.OUT_OF_MEMORY_HOST),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
            FaultKind.OUT_OF_MEMORY_HOST,
        ),
        (OSError(errno.ENOSPC, "No space left on device"), FaultKind.STORAGE),
        (OSError(errno.EROFS, "Read-only file system"), FaultKind.STORAGE),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), FaultKind.STORAGE),
        (OSError(errno.ESTALE, "Stale file handle"), FaultKind.STORAGE),
        (RuntimeError("I/O error: No space left on device (os error 28)"), FaultKind.STORAGE),
        (StorageError("x"), FaultKind.STORAGE),
        (GpuMemoryError("x"), FaultKind.OUT_OF_MEMORY_GPU),
        (caused(CheckpointError("x"), OSError(errno.ENOSPC, "full")), FaultKind.STORAGE),
        (DataError("no picture"), FaultKind.BAD_DATA),
        (FileNotFoundError(errno.ENOENT, "No such file"), FaultKind.BAD_CODE),
        (TypeError("x"), FaultKind.BAD_CODE),
        (ImportError("x"), FaultKind.BAD_CODE),
        (RuntimeError("shapes cannot be multiplied"), FaultKind.BAD_CODE),
    ],
)
def test_an_exception_has_the_class_of_what_brought_it_about(
    error: Exception, fault: FaultKind
) -> None:
    assert fault_of(error) is fault


def test_a_real_allocation_beyond_memory_is_out_of_host_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**58)
    assert fault_of(caught.value) is FaultKind.OUT_OF_MEMORY_HOST


def test_trials_that_fail_alike_have_one_cause_whatever_their_values() -> None:
    errors = [raised(0.1), raised(0.2)]
    assert len({cause_of(error) for error in errors}) == 1
    assert [describe_error(error) for error in errors] == [
        f"ValueError: d_lr = {rate} (raised, line {errors[0].__traceback__.tb_lineno})"  # type: ignore[union-attr]
        for rate in (0.1, 0.2)
    ]


def test_an_exception_that_was_never_raised_has_no_place() -> None:
    assert describe_error(TypeError("x")) == "TypeError: x"


def raised(rate: float) -> ValueError:
    try:
        raise ValueError(f"d_lr = {rate}")
    except ValueError as error:
        return error
