from typing import Any

import pytest
from ray import cloudpickle
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
)

from orchestrator.backends.raytune.fault import KilledForMemory, NeverStarted, fault_of_worker
from orchestrator.records import FaultKind


def task_error(cause: Exception) -> Exception:
    return RayTaskError("train", f"Traceback\n{type(cause).__name__}: {cause}", cause)


@pytest.mark.parametrize(
    ("error", "fault", "words"),
    [
        (ActorDiedError(), FaultKind.PROCESS_KILLED, "its worker process died"),
        (RayActorError(error_msg="x", preempted=True), FaultKind.PREEMPTED, "preempted"),
        (
            RayActorError(error_msg="The actor died because its node has died. Node Id: 7"),
            FaultKind.NODE_LOST,
            "its node was lost",
        ),
        (ActorUnavailableError("Socket closed", None), FaultKind.NODE_LOST, "its node was lost"),
        (KilledForMemory("x"), FaultKind.OUT_OF_MEMORY_HOST, "Ray's memory monitor killed"),
        (NeverStarted(300.0), FaultKind.NODE_LOST, "its worker did not start within 300 s"),
        (OutOfMemoryError("x"), FaultKind.OUT_OF_MEMORY_HOST, "Ray's memory monitor killed"),
        (
            RayActorError(error_msg="an error raised in its creation task, \nImportError: x"),
            FaultKind.BAD_CODE,
            "its worker could not be set up: ImportError: x",
        ),
        (task_error(MemoryError("x")), FaultKind.OUT_OF_MEMORY_HOST, "MemoryError: x"),
        (task_error(TypeError("no JSON")), FaultKind.BAD_CODE, "TypeError: no JSON"),
        (RuntimeError("a\nb"), FaultKind.BAD_CODE, "b"),
        (None, FaultKind.TUNER_FAILED, "without a reason"),
    ],
)
def test_what_ray_says_of_a_worker_tells_the_class(
    error: Any, fault: FaultKind, words: str
) -> None:
    found, reason = fault_of_worker(error)
    assert found is fault
    assert words in reason


def test_an_error_of_ours_crosses_as_tune_keeps_it() -> None:
    error = cloudpickle.loads(cloudpickle.dumps(KilledForMemory("too much")))
    assert isinstance(error, KilledForMemory)
    assert "too much" in str(error)
