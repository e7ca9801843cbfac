"""The durable facts of a sweep as plain values: evaluations, verdicts, trials.

Everything here turns into JSON and back without loss, except that a number which is not finite is
written as null and read back as NaN (``finite`` says which evaluations had one).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from math import isfinite, nan
from typing import Any, Self

RECORD_VERSION = 1
TIMING_COLUMNS = ("seconds", "eval_seconds")  # the only columns that differ between equal runs


class TrialStatus(StrEnum):
    """What happened to a trial; the verdict says what it meant."""

    PENDING = "pending"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_finished(self) -> bool:
        """Whether the trial will never run again."""
        return self in (TrialStatus.COMPLETED, TrialStatus.STOPPED, TrialStatus.FAILED)


class StoppedBy(StrEnum):
    """What ended a trial, or paused it."""

    BUDGET = "budget"
    VERDICT = "verdict"
    SCHEDULER = "scheduler"
    CAP = "cap"  # of the whole sweep; the trial goes on if the cap is raised
    ERROR = "error"


class FaultKind(StrEnum):
    """What ended an attempt at a trial by surprise."""

    PROCESS_KILLED = "process_killed"
    OUT_OF_MEMORY_HOST = "out_of_memory_host"
    OUT_OF_MEMORY_GPU = "out_of_memory_gpu"
    HUNG = "hung"
    NON_FINITE = "non_finite"
    BAD_CODE = "bad_code"
    BAD_DATA = "bad_data"
    NODE_LOST = "node_lost"
    PREEMPTED = "preempted"
    TUNER_FAILED = "tuner_failed"  # Ray Tune or a worker of it, before or whatever the trial did
    STORAGE = "storage"

    @property
    def is_its_own(self) -> bool:
        """Whether the trial itself brought it about, wherever it runs."""
        return self in (
            FaultKind.OUT_OF_MEMORY_GPU,
            FaultKind.NON_FINITE,
            FaultKind.BAD_CODE,
            FaultKind.BAD_DATA,
        )


class Retry(StrEnum):
    """What becomes of a trial that has lost an attempt."""

    SAME_PLACE = "same_place"
    ELSEWHERE = "elsewhere"
    WHOLE_GPU = "whole_gpu"
    AFTER_RESUME = "after_resume"  # the sweep stops; no trial is blamed
    NEVER = "never"


class VerdictKind(StrEnum):
    """What a trial's record so far means."""

    WARMING_UP = "warming_up"
    IMPROVING = "improving"
    PLATEAUED = "plateaued"
    CONVERGED = "converged"
    OSCILLATING = "oscillating"
    DEGRADED = "degraded"
    JUNK_FEEDBACK = "junk_feedback"
    DISCRIMINATOR_OVERPOWERED = "discriminator_overpowered"
    COLLAPSED = "collapsed"
    DIVERGED = "diverged"
    DEAD = "dead"


class Action(StrEnum):
    """What a verdict asks for."""

    GO_ON = "go_on"
    PAUSE = "pause"
    STOP_KEEP_BEST = "stop_keep_best"
    STOP_REJECT = "stop_reject"
    ROLL_BACK = "roll_back"

    @property
    def is_stop(self) -> bool:
        """Whether the trial ends here."""
        return self in (Action.STOP_KEEP_BEST, Action.STOP_REJECT)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """An opinion on a trial, its reason in words and numbers, and the checkpoint to keep."""

    kind: VerdictKind
    action: Action
    reason: str
    keep_step: int | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return json_ready(asdict(self))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_mapping` wrote."""
        kind, action = VerdictKind(values["kind"]), Action(values["action"])
        return cls(
            kind=kind, action=action, reason=values["reason"], keep_step=values.get("keep_step")
        )


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """How a trial trains from ``nimg`` images on, and why that changed.

    Either the ratio of updates changed after the evaluation at ``step``, or the trial died at
    ``died_nimg`` and went back to the checkpoint of that evaluation, for the ``num_rollbacks``-th
    time. ``lr_factor`` multiplies the learning rates that the trial began with, ``seconds`` is how
    long it had trained by then.
    """

    step: int
    nimg: int
    d_steps: int
    g_steps: int
    lr_factor: float
    num_rollbacks: int
    reason: str
    died_nimg: int | None = None
    seconds: float = nan

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among a trial's adjustments, which come in this order."""
        return self.num_rollbacks, self.step

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        return json_ready(asdict(self))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_mapping` wrote."""
        return cls(**{key: value for key, value in values.items() if value is not None})


@dataclass(frozen=True, kw_only=True)
class Exploit:
    """How a trial went on, after ``nimg`` images, from the weights of another by other parameters.

    ``donor`` had these weights after ``donor_nimg`` images, and had come to them by
    ``donor_params``; ``params`` are those with some numbers moved, ``old_params`` what the trial
    trained by until then. ``step`` and ``nimg`` stay the trial's own.
    """

    step: int
    nimg: int
    donor: str
    donor_nimg: int
    donor_params: Mapping[str, Any]
    old_params: Mapping[str, Any]
    params: Mapping[str, Any]
    reason: str

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """Each parameter that changed, with its old and its new value; None where there is none."""
        names = sorted({*self.old_params, *self.params})
        pairs = {name: (self.old_params.get(name), self.params.get(name)) for name in names}
        return {name: (old, new) for name, (old, new) in pairs.items() if old != new}

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_mapping` wrote."""
        return cls(**values)


@dataclass(frozen=True, kw_only=True)
class LostAttempt:
    """How one attempt at a trial was lost, and what is done about it.

    ``reason`` says what happened, ``cause`` names the place in the code, the same in every trial
    that fails alike ("" where there is none). ``node`` is Ray's id of the machine, ``host`` its
    address. ``num_evaluations`` were known by then, those that a roll back abandoned included.
    """

    attempt: int
    fault: FaultKind
    reason: str
    retry: Retry
    why: str
    nimg: int = 0
    num_evaluations: int = 0
    cause: str = ""
    node: str = ""
    host: str = ""
    pid: int | None = None

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data."""
        return json_ready(asdict(self))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_mapping` wrote."""
        enums = {"fault": FaultKind(values["fault"]), "retry": Retry(values["retry"])}
        return cls(**{**values, **enums})


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One row of ``evaluations``: a trial's scores and health after ``nimg`` images.

    ``step`` counts G updates, ``nimg`` the real images that D has seen. ``fid_a`` and ``fid_b``
    are of two disjoint half-samples. Accuracies are shares in [0, 1]; a number that does not
    apply is NaN.
    """

    run: str
    step: int
    fid: float
    nimg: int = 0
    seconds: float = nan
    fid_a: float = nan
    fid_b: float = nan
    fid_debiased: float = nan
    fid_standard_error: float = nan
    kid: float = nan
    kid_standard_error: float = nan
    precision: float = nan
    recall: float = nan
    density: float = nan
    coverage: float = nan
    vendi: float = nan
    bins_differing_frac: float = nan
    modes: float = nan
    mode_entropy: float = nan
    reverse_kl: float = nan
    high_quality_frac: float = nan
    intra_fid: float = nan
    class_coverage: float = nan
    label_consistency: float = nan
    duality_gap: float = nan
    worst_d_value: float = nan
    d_real_acc: float = nan
    d_heldout_acc: float = nan
    d_fake_acc: float = nan
    d_real_logit: float = nan
    d_fake_logit: float = nan
    d_loss: float = nan
    g_loss: float = nan
    d_grad_norm: float = nan
    g_grad_norm: float = nan
    ada_p: float = nan
    eval_seconds: float = nan
    finite: bool = True
    protocol: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        return json_ready(asdict(self))

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> Self:
        """Read a row; what is None or missing gets its default, unknown columns are left out."""
        known = {
            key: value
            for key, value in values.items()
            if value is not None and key in _EVALUATION_COLUMNS
        }
        known.setdefault("fid", nan)
        return cls(**known)

    @property
    def as_recorded(self) -> Self:
        """The row as everybody else reads it: what is not finite is NaN."""
        return self.from_mapping(self.to_mapping())


_EVALUATION_COLUMNS = frozenset(spec.name for spec in fields(Evaluation))


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial as it stands in ``trials.parquet`` and on the leaderboard.

    ``score`` is the smoothed best log FID by which trials are compared (lower is better).
    ``replicate_of`` names the finalist whose parameters it trains anew; None for a proposal.
    ``params`` are those that it began with: where ``inherited_from`` names the last trial whose
    weights it went on from, they alone did not make its scores. ``faults`` counts the attempts that
    were lost by class, such as ``process_killed 2, hung 1``.
    """

    trial_id: str
    index: int
    params: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    replicate_of: str | None = None
    inherited_from: str | None = None
    status: TrialStatus = TrialStatus.PENDING
    verdict: VerdictKind | None = None
    reason: str = ""
    stopped_by: StoppedBy | None = None
    score: float = nan
    best_fid: float = nan
    best_coverage: float = nan
    best_step: int | None = None
    best_nimg: int | None = None
    nimg: int = 0
    num_evaluations: int = 0
    num_attempts: int = 0
    faults: str = ""
    seconds: float = nan

    @property
    def is_replicate(self) -> bool:
        """Whether it is not the search's proposal but trains a finalist's parameters anew."""
        return self.replicate_of is not None

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        return json_ready(asdict(self))


def json_ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a mapping fit for JSON; non-finite numbers become None."""
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return None if isinstance(value, float) and not isfinite(value) else value
