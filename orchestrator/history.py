"""What a journal says: the trials of a sweep with their curves, and what was selected."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from orchestrator.errors import JournalError
from orchestrator.journal import Event
from orchestrator.records import (
    Adjustment,
    Evaluation,
    Exploit,
    FaultKind,
    LostAttempt,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.trial_history import Location, TrialHistory


@dataclass
class SweepHistory:
    """A whole sweep as the journal tells it; trials stand in the order of their proposal.

    ``used_s`` is how long drivers were alive, over all resumes; ``trial_s`` is what trials spent on
    training and on being evaluated. ``proposing_end`` says why no further trial is proposed,
    ``config`` by which spec the sweep began; journals of before do not tell it. ``retesting`` says
    what the finals are at while they last.
    """

    trials: dict[str, TrialHistory] = field(default_factory=dict)
    selection: Mapping[str, Any] | None = None
    certificate: Mapping[str, Any] | None = None
    proposing_end: Mapping[str, str] | None = None
    config: Mapping[str, Any] | None = None
    retesting: str | None = None
    used_s: float = 0.0
    trial_s: float = 0.0
    _last_time_s: float | None = None

    @classmethod
    def replay(cls, events: Iterable[Event]) -> "SweepHistory":
        """Build the history that these events describe."""
        history = cls()
        for event in events:
            history.apply(event)
        return history

    def apply(self, event: Event) -> None:
        """Take in one event; names that are not known (of a later version) are passed over.

        Raises:
            JournalError: if the event is about a trial that was never proposed.
        """
        self._count_time(event)
        act = {
            "opened": self._opened,
            "proposed": self._proposed,
            "started": self._started,
            "attempt_lost": self._attempt_lost,
            "evaluated": self._evaluated,
            "paused": self._paused,
            "exploited": self._exploited,
            "resumed": self._resumed,
            "adjusted": self._adjusted,
            "finished": self._finished,
            "reopened": self._reopened,
            "proposing_ended": self._proposing_ended,
            "retesting": self._retesting,
            "selected": self._selected,
        }.get(event["event"])
        if act is not None:
            act(event)

    @property
    def records(self) -> list[TrialRecord]:
        """One record a trial, in the order of proposal."""
        return [trial.record for trial in self.trials.values()]

    @property
    def proposals(self) -> list[TrialHistory]:
        """The trials that the search proposed: all but the finalists' replicates."""
        return [trial for trial in self.trials.values() if not trial.record.is_replicate]

    @property
    def replicates(self) -> list[TrialHistory]:
        """The trials that train a finalist's parameters anew."""
        return [trial for trial in self.trials.values() if trial.record.is_replicate]

    @property
    def evaluations(self) -> list[Evaluation]:
        """Every evaluation of every trial, trial by trial."""
        return [row for trial in self.trials.values() for row in trial.evaluations]

    @property
    def abandoned(self) -> list[Evaluation]:
        """Every evaluation that a roll back took out of a curve."""
        return [row for trial in self.trials.values() for row in trial.abandoned]

    @property
    def faults(self) -> dict[FaultKind, int]:
        """How many attempts were lost by each class of fault, the most frequent first."""
        return count_faults(self.trials.values())

    @property
    def ranked(self) -> list[TrialHistory]:
        """Trials from the best smoothed score to the worst; those without a score come last."""

        def key(trial: TrialHistory) -> tuple[bool, float, int]:
            score = trial.record.score
            return not isfinite(score), score if isfinite(score) else 0.0, trial.record.index

        return sorted(self.trials.values(), key=key)

    def _count_time(self, event: Event) -> None:
        """Add up the time that drivers were alive: from each ``opened`` to its last event."""
        time_s = event.get("time_s")
        if time_s is None:
            return
        if self._last_time_s is not None and event["event"] != "opened":
            self.used_s += max(0.0, time_s - self._last_time_s)
        self._last_time_s = time_s

    def _opened(self, event: Event) -> None:
        self.config = self.config or event.get("config")
        self.retesting = None  # no re-test outlives its driver
        for trial in self.trials.values():  # no attempt outlives its driver
            trial.location = None

    def _proposed(self, event: Event) -> None:
        record = TrialRecord(
            trial_id=event["trial_id"],
            index=event["index"],
            params=event["params"],
            seed=event["seed"],
            replicate_of=event.get("replicate_of"),
        )
        self.trials.setdefault(record.trial_id, TrialHistory(record))
        if not record.is_replicate:
            self.proposing_end = None  # it has begun again

    def _trial(self, event: Event) -> TrialHistory:
        trial_id = event["trial_id"]
        if trial_id not in self.trials:
            raise JournalError(
                f"event {event['seq']} ({event['event']}): trial {trial_id} was never proposed"
            )
        return self.trials[trial_id]

    def _started(self, event: Event) -> None:
        trial = self._trial(event)
        attempts = trial.record.num_attempts + 1
        trial.record = replace(trial.record, status=TrialStatus.RUNNING, num_attempts=attempts)
        places = {name: event[name] for name in ("node", "host", "pid") if name in event}
        trial.location = Location(**places)
        trial.last_node = trial.location.node

    def _attempt_lost(self, event: Event) -> None:
        """Let a trial wait for its next attempt, or for its end to be told."""
        trial = self._trial(event)
        trial.lost_attempts.append(LostAttempt.from_mapping(event["attempt"]))
        trial.location = None
        trial.record = replace(
            trial.record,
            status=TrialStatus.PENDING,
            faults=format_faults(count_faults([trial])),
        )

    def _evaluated(self, event: Event) -> None:
        evaluation = Evaluation.from_mapping(event["evaluation"])
        verdict = Verdict.from_mapping(event["verdict"])
        trial = self._trial(event)
        trained_s, num_known = _known(trial.seconds), len(trial.evaluations)
        trial.add(evaluation, verdict, event.get("num_rollbacks", 0))
        if len(trial.evaluations) > num_known:
            self.trial_s += _known(trial.seconds) - trained_s
            self.trial_s += _known(evaluation.eval_seconds)

    def _adjusted(self, event: Event) -> None:
        self._trial(event).adjust(Adjustment.from_mapping(event["adjustment"]))

    def _paused(self, event: Event) -> None:
        _pause(self._trial(event), StoppedBy(event["by"]), event["reason"])

    def _exploited(self, event: Event) -> None:
        trial, exploit = self._trial(event), Exploit.from_mapping(event["exploit"])
        trial.exploits.append(exploit)
        trial.record = replace(trial.record, inherited_from=exploit.donor)
        _pause(trial, StoppedBy.SCHEDULER, exploit.reason)

    def _resumed(self, event: Event) -> None:
        trial = self._trial(event)
        trial.paused_by = None
        trial.record = replace(trial.record, status=TrialStatus.PENDING, reason=event["reason"])

    def _finished(self, event: Event) -> None:
        trial = self._trial(event)
        verdict = event.get("verdict")
        trial.record = replace(
            trial.record,
            status=TrialStatus(event["status"]),
            stopped_by=StoppedBy(event["stopped_by"]),
            reason=event["reason"],
            verdict=VerdictKind(verdict) if verdict else trial.record.verdict,
        )
        self.selection = self.certificate = None  # it did not choose among this trial

    def _reopened(self, event: Event) -> None:
        """Let a trial that the end of the sweep had cut short go on, or wait as it did."""
        trial = self._trial(event)
        status, reason = TrialStatus.PENDING, trial.verdicts[-1].reason if trial.verdicts else ""
        if trial.paused_by is not None:
            status, reason = TrialStatus.PAUSED, trial.pause_reason
        trial.location = None
        trial.record = replace(trial.record, status=status, stopped_by=None, reason=reason)
        self.selection = self.certificate = None  # it chose among a shorter trial

    def _proposing_ended(self, event: Event) -> None:
        self.proposing_end = {"cause": event["cause"], "reason": event["reason"]}

    def _retesting(self, event: Event) -> None:
        self.retesting = event["reason"]

    def _selected(self, event: Event) -> None:
        self.retesting = None
        self.selection = event["selection"]
        self.certificate = event["certificate"]


def count_faults(trials: Iterable[TrialHistory]) -> dict[FaultKind, int]:
    """Count the attempts that trials lost by class, the most frequent first."""
    faults = Counter(each.fault for trial in trials for each in trial.lost_attempts)
    return dict(faults.most_common())


def format_faults(counts: Mapping[FaultKind, int]) -> str:
    """Return counts of faults as text: ``process_killed 2, hung 1``; empty where there are none."""
    return ", ".join(f"{fault} {count}" for fault, count in counts.items())


def _pause(trial: TrialHistory, by: StoppedBy, reason: str) -> None:
    trial.paused_by, trial.pause_reason, trial.location = by, reason, None
    trial.record = replace(trial.record, status=TrialStatus.PAUSED, reason=reason)


def _known(seconds: float) -> float:
    return seconds if isfinite(seconds) else 0.0
