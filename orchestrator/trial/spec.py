"""The order for one trial, and the messages that come back: plain data, fit to cross a process."""

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from orchestrator.records import Evaluation, StoppedBy, TrialStatus, Verdict

Message = dict[str, Any]
Messages = Generator[Message, None, None]


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """Everything that determines a trial; JSON-able."""

    trial_id: str
    index: int
    params: Mapping[str, Any]
    seed: int
    run_folder: str
    data: Mapping[str, str]
    budget_nimg: int
    every_nimg: int
    num_samples: int
    features: str
    evaluation_seed: int
    duality_gap_every: int = 0  # evaluations; 0 means never
    num_snapshots: int = 12  # the best generators, kept for the re-test
    device: str = "cpu"
    num_threads: int = 1

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_mapping` wrote."""
        return cls(**values)


class TrialFunction(Protocol):
    """Runs a trial, message by message; the caller ends it by not pulling any more."""

    def __call__(self, spec: TrialSpec) -> Messages:
        """Yield messages in order; the last is ``finished`` unless the caller ends it."""
        ...


def evaluated(evaluation: Evaluation, verdict: Verdict) -> Message:
    """Return the message of one evaluation; a trial that resumes may send known ones again."""
    return {
        "kind": "evaluated",
        "evaluation": evaluation.to_mapping(),
        "verdict": verdict.to_mapping(),
    }


def finished(
    status: TrialStatus, stopped_by: StoppedBy, *, reason: str, verdict: str | None = None
) -> Message:
    """Return the message with which a trial ends by itself."""
    return {
        "kind": "finished",
        "status": status.value,
        "stopped_by": stopped_by.value,
        "reason": reason,
        "verdict": verdict,
    }
