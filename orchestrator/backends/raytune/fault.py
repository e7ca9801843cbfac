"""To which class the death of a Ray worker belongs, by what Ray says of it."""

from ray.exceptions import ActorUnavailableError, OutOfMemoryError, RayActorError, RayTaskError

from orchestrator.records import FaultKind
from orchestrator.trial.fault import describe_error, fault_of


class KilledForMemory(RayActorError):
    """A worker that Ray's memory monitor killed, as the dead actor that it is."""

    def __init__(self, message: str) -> None:
        super().__init__(error_msg=message)
        self.args = (message,)


class NeverStarted(RayActorError):
    """A worker that had its place and did not come up; its node cannot be relied on."""

    def __init__(self, patience_s: float) -> None:
        message = f"its worker did not start within {patience_s:g} s"
        super().__init__(error_msg=message)
        self.args = (message,)


def fault_of_worker(error: BaseException | None) -> tuple[FaultKind, str]:
    """Return the class and the reason in words of what ended a worker.

    A node that dies is seen first by the connections to it that break, seconds before Ray declares
    it dead; a worker that cannot be reached is therefore taken for one whose node is lost.
    """
    text = str(error)
    if error is None:
        return FaultKind.TUNER_FAILED, "Ray Tune ended it without a reason"
    if isinstance(error, KilledForMemory | OutOfMemoryError):
        return FaultKind.OUT_OF_MEMORY_HOST, "Ray's memory monitor killed its worker process"
    if isinstance(error, NeverStarted):
        return FaultKind.NODE_LOST, text
    if isinstance(error, RayActorError) and error.preempted:
        return FaultKind.PREEMPTED, "its node was preempted"
    if isinstance(error, ActorUnavailableError) or "node has died" in text:
        return FaultKind.NODE_LOST, "its node was lost"
    if isinstance(error, RayActorError) and "raised in its creation task" in text:
        return FaultKind.BAD_CODE, f"its worker could not be set up: {_last_line(text)}"
    if isinstance(error, RayActorError):
        return FaultKind.PROCESS_KILLED, "its worker process died"
    if isinstance(error, RayTaskError) and isinstance(error.cause, Exception):
        return fault_of(error.cause), describe_error(error.cause)
    return FaultKind.BAD_CODE, _last_line(text)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"
