"""What a journal says: the trials of a sweep with their curves, and what was selected."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from typing import Any

from orchestrator.decision.score import best_evaluation, best_so_far
from orchestrator.errors import JournalError
from orchestrator.journal import Event
from orchestrator.records import (
    Adjustment,
    Evaluation,
    Exploit,
    FaultKind,
    LostAttempt,
    Retry,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    Verdict,
    VerdictKind,
)


@dataclass(frozen=True)
class Location:
    """Where an attempt runs: Ray's id of the node, its address, and the process there."""

    node: str = ""
    host: str = ""
    pid: int | None = None


@dataclass
class TrialHistory:
    """One trial: its proposal, its curve with the verdict at each point, and its end.

    ``paused_by`` says what paused it, a verdict or the scheduler, until it is resumed; a trial that
    ended while it waited goes on waiting once it is reopened.

    A roll back takes the rows after its place out of the curve, so that ``evaluations`` is always
    in order and holds each step once; ``abandoned`` keeps those rows, for what they cost.
    """

    record: TrialRecord
    evaluations: list[Evaluation] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    paused_by: StoppedBy | None = None
    pause_reason: str = ""
    adjustments: list[Adjustment] = field(default_factory=list)
    abandoned: list[Evaluation] = field(default_factory=list)
    exploits: list[Exploit] = field(default_factory=list)
    lost_attempts: list[LostAttempt] = field(default_factory=list)
    location: Location = Location()

    @property
    def num_known(self) -> int:
        """How many evaluations were ever made of it, those that were abandoned included."""
        return len(self.evaluations) + len(self.abandoned)

    @property
    def is_given_up(self) -> bool:
        """Whether its last attempt was lost and none is to follow, though its end is not told."""
        if self.record.status.is_finished or not self.lost_attempts:
            return False
        last = self.lost_attempts[-1]
        return last.retry is Retry.NEVER and last.attempt == self.record.num_attempts

    @property
    def params(self) -> Mapping[str, Any]:
        """By what it trains now."""
        return self.exploits[-1].params if self.exploits else self.record.params

    @property
    def has_new_weights(self) -> bool:
        """Whether it was not measured yet since it took over another's weights."""
        return bool(self.exploits) and self.exploits[-1].nimg == self.record.nimg

    @property
    def is_of_its_proposal(self) -> bool:
        """Whether what was proposed alone made its scores."""
        return not self.exploits or (len(self.exploits) == 1 and self.has_new_weights)

    def params_until(self, nimg: int) -> Mapping[str, Any]:
        """Return by what it trained to the state that it had after ``nimg`` images."""
        later = [each.old_params for each in self.exploits if each.nimg >= nimg]
        return later[0] if later else self.params

    @property
    def num_rollbacks(self) -> int:
        """How often the trial has gone back to an earlier checkpoint."""
        return self.adjustments[-1].num_rollbacks if self.adjustments else 0

    @property
    def waited_in_vain(self) -> bool:
        """Whether it ended while it was paused, because nothing was left that might resume it."""
        return self.record.status.is_finished and self.paused_by is not None

    @property
    def is_retracing(self) -> bool:
        """Whether its latest row lies before one that a roll back abandoned."""
        return any(row.step > self.evaluations[-1].step for row in self.abandoned)

    def knows(self, evaluation: Evaluation, num_rollbacks: int = 0) -> bool:
        """Say whether the curve already reaches this step, or was rolled back since."""
        if num_rollbacks != self.num_rollbacks:
            return num_rollbacks < self.num_rollbacks
        return bool(self.evaluations) and evaluation.step <= self.evaluations[-1].step

    def knows_adjustment(self, adjustment: Adjustment) -> bool:
        """Say whether this adjustment, or a later one, is on record."""
        return bool(self.adjustments) and adjustment.place <= self.adjustments[-1].place

    def add(self, evaluation: Evaluation, verdict: Verdict, num_rollbacks: int = 0) -> None:
        """Take in one evaluation; one that is already known (after a resume) changes nothing.

        One that comes in late, after the trial's end, does not overrule why it ended.
        """
        if self.knows(evaluation, num_rollbacks):
            return
        self.evaluations.append(evaluation)
        self.verdicts.append(verdict)
        self._summarise()

    def adjust(self, adjustment: Adjustment) -> None:
        """Take in one adjustment, and abandon what a roll back leaves behind."""
        if self.knows_adjustment(adjustment):
            return
        self.adjustments.append(adjustment)
        if adjustment.died_nimg is None:
            return
        num_kept = sum(row.step <= adjustment.step for row in self.evaluations)
        self.abandoned += self.evaluations[num_kept:]
        del self.evaluations[num_kept:], self.verdicts[num_kept:]
        if self.evaluations:
            self._summarise()

    def to_mapping(self) -> dict[str, Any]:
        """Return the trial as its ``trial.json`` has it: plain data, without the curve."""
        adjustments = [adjustment.to_mapping() for adjustment in self.adjustments]
        exploits = [exploit.to_mapping() for exploit in self.exploits]
        lost = [attempt.to_mapping() for attempt in self.lost_attempts]
        lists = {"adjustments": adjustments, "exploits": exploits, "lost_attempts": lost}
        return self.record.to_mapping() | lists

    def _summarise(self) -> None:
        record = _summarise(self.record, self.evaluations, self.verdicts[-1])
        spent_s = [row.seconds for row in self.abandoned]
        self.record = replace(record, seconds=max([record.seconds, *spent_s]))


@dataclass
class SweepHistory:
    """A whole sweep as the journal tells it; trials stand in the order of their proposal.

    ``used_s`` is how long drivers were alive, over all resumes; ``trial_s`` is what trials spent on
    training and on being evaluated. ``proposing_end`` says why no further trial is proposed,
    ``config`` by which spec the sweep began; journals of before do not tell it.
    """

    trials: dict[str, TrialHistory] = field(default_factory=dict)
    selection: Mapping[str, Any] | None = None
    certificate: Mapping[str, Any] | None = None
    proposing_end: Mapping[str, str] | None = None
    config: Mapping[str, Any] | None = None
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

    def _attempt_lost(self, event: Event) -> None:
        """Let a trial wait for its next attempt, or for its end to be told."""
        trial = self._trial(event)
        trial.lost_attempts.append(LostAttempt.from_mapping(event["attempt"]))
        trial.record = replace(
            trial.record,
            status=TrialStatus.PENDING,
            faults=format_faults(count_faults([trial])),
        )

    def _evaluated(self, event: Event) -> None:
        evaluation = Evaluation.from_mapping(event["evaluation"])
        verdict = Verdict.from_mapping(event["verdict"])
        trial = self._trial(event)
        trained_s, num_known = _known(trial.record.seconds), len(trial.evaluations)
        trial.add(evaluation, verdict, event.get("num_rollbacks", 0))
        if len(trial.evaluations) > num_known:
            self.trial_s += _known(trial.record.seconds) - trained_s
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
        trial.record = replace(trial.record, status=status, stopped_by=None, reason=reason)
        self.selection = self.certificate = None  # it chose among a shorter trial

    def _proposing_ended(self, event: Event) -> None:
        self.proposing_end = {"cause": event["cause"], "reason": event["reason"]}

    def _selected(self, event: Event) -> None:
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
    trial.paused_by, trial.pause_reason = by, reason
    trial.record = replace(trial.record, status=TrialStatus.PAUSED, reason=reason)


def _known(seconds: float) -> float:
    return seconds if isfinite(seconds) else 0.0


def _summarise(record: TrialRecord, curve: list[Evaluation], verdict: Verdict) -> TrialRecord:
    last, best, score = curve[-1], best_evaluation(curve), best_so_far(curve)
    is_over = record.status.is_finished
    return replace(
        record,
        verdict=record.verdict if is_over else verdict.kind,
        reason=record.reason if is_over else verdict.reason,
        score=score if isfinite(score) else nan,
        best_fid=best.fid if best else nan,
        best_coverage=best.coverage if best else nan,
        best_step=best.step if best else None,
        best_nimg=best.nimg if best else None,
        nimg=last.nimg,
        num_evaluations=len(curve),
        seconds=last.seconds,
    )
