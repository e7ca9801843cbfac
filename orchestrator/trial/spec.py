"""The order for one trial, and the messages that come back: plain data, fit to cross a process."""

from collections.abc import Generator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Protocol, Self

from gan_models.seeds import derive_seed
from orchestrator.records import (
    Adjustment,
    Evaluation,
    Exploit,
    FaultKind,
    StoppedBy,
    TrialStatus,
    Verdict,
)

Message = dict[str, Any]
Messages = Generator[Message, bool | None, None]


class Activity(StrEnum):
    """What a trial does when it gives a sign of life."""

    TRAINING = "training"
    EVALUATING = "evaluating"


@dataclass(frozen=True)
class Placement:
    """Where an attempt is to run, if there is a choice, after others.

    Attributes:
        avoided_nodes: Ray's ids of nodes; used all the same where no other node is left.
        needs_whole_gpu: whether a share of a GPU was not enough.
        preferred_node: Ray's id of the node that has a copy of what the trial has done; empty
            where none has. Another one is used where it has no room.
    """

    avoided_nodes: tuple[str, ...] = ()
    needs_whole_gpu: bool = False
    preferred_node: str = ""


@dataclass(frozen=True, kw_only=True)
class TrialSpec:
    """Everything that determines a trial; JSON-able.

    ``params`` are those by which it trains now, ``exploits`` the places where it took over other
    weights.
    """

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
    adapt_ratio: bool = False
    min_d_per_g: float = 0.25
    max_d_per_g: float = 4.0
    max_rollbacks: int = 0
    milestone_every_nimg: int = 0  # states for others to go on from; 0 leaves none
    exploits: tuple[Exploit, ...] = ()
    device: str = "cpu"
    gpu_share: float = 1.0
    gpu_memory_bytes: int | None = None  # must be free on the device; None: nobody knows
    num_threads: int = 1
    checkpoint_every_s: float = 600.0  # between two evaluations, so long ones lose no more
    sign_of_life_s: float | None = None  # how often to say that it trains; None: never
    placement: Placement = Placement()
    modules: Mapping[str, Any] = field(default_factory=dict)  # of the user's: folders and hashes
    attempt: int = field(default=0, compare=False)  # grows from order to order of a trial

    @property
    def may_adjust(self) -> bool:
        """Whether the trial may change how it trains itself."""
        return self.adapt_ratio or self.max_rollbacks > 0

    @property
    def training_seed(self) -> int:
        """By what it draws batches and latents: others than the donor drew from these weights."""
        if not self.exploits:
            return self.seed
        return derive_seed(self.seed, "exploit", self.trial_id, self.exploits[-1].nimg)

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_mapping` wrote."""
        exploits = tuple(map(Exploit.from_mapping, values.get("exploits", ())))
        wishes = values.get("placement", {})
        nodes = tuple(wishes.get("avoided_nodes", ()))
        placement = Placement(**{**wishes, "avoided_nodes": nodes})
        return cls(**{**values, "exploits": exploits, "placement": placement})


class TrialFunction(Protocol):
    """Runs a trial, message by message; the caller ends it by not pulling any more.

    One that yields nothing for longer than the spec's ``faults`` allow is taken for hung.
    """

    def __call__(self, spec: TrialSpec) -> Messages:
        """Yield messages in order; the last is ``finished`` unless the caller ends it.

        To an ``alive`` message the caller may send True: the trial's place is about to be taken
        away. It then saves its state where it stands, and says ``saved``.
        """
        ...


def started(*, node: str = "", host: str = "", pid: int | None = None) -> Message:
    """Return the first message of an attempt: Ray's id of its node, the address, the process."""
    return {"kind": "started", "node": node, "host": host, "pid": pid}


def location_in(message: Message) -> dict[str, Any]:
    """Return where an attempt runs, as far as its first message says."""
    return {name: message[name] for name in ("node", "host", "pid") if message.get(name)}


def alive(activity: Activity) -> Message:
    """Return a sign of life; nobody remembers it."""
    return {"kind": "alive", "activity": activity.value}


def evaluated(evaluation: Evaluation, verdict: Verdict, num_rollbacks: int = 0) -> Message:
    """Return the message of one evaluation; a trial that resumes may send known ones again.

    ``num_rollbacks`` is how often the trial had been rolled back when it trained to this row.
    """
    return {
        "kind": "evaluated",
        "evaluation": evaluation.to_mapping(),
        "verdict": verdict.to_mapping(),
        "num_rollbacks": num_rollbacks,
    }


def adjusted(adjustment: Adjustment) -> Message:
    """Return the message of a change in how a trial trains; known ones may come again, too."""
    return {"kind": "adjusted", "adjustment": adjustment.to_mapping()}


def saved(nimg: int) -> Message:
    """Return what a trial says that was asked to leave: it can go on from here elsewhere."""
    return {"kind": "saved", "nimg": nimg}


def failed(fault: FaultKind, *, reason: str, cause: str = "") -> Message:
    """Return the last message of an attempt that an exception ended."""
    return {"kind": "failed", "fault": fault.value, "reason": reason, "cause": cause}


def mended(note: str) -> Message:
    """Return the message in which a trial says what of its folder was damaged."""
    return {"kind": "mended", "note": note}


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
