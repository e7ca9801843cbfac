"""The search of a sweep: it proposes trials, hears what becomes of them, and decides.

Backends only carry: they ask for the next trial, run it somewhere, and hand every message back.
All that a sweep knows passes through here and is in the journal before it counts.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from gan_models.files import is_json, write_json
from orchestrator.attempt import order_attempt
from orchestrator.config.model import SweepConfig
from orchestrator.decision.scheduler import CohortAction, CohortDecision, Scheduler, ToCome
from orchestrator.exploitation import exploit
from orchestrator.history import SweepHistory
from orchestrator.identity import trial_id
from orchestrator.journal import Event, Journal
from orchestrator.losses import check_worth_going_on, lose_attempt, reason_given_up, why_left
from orchestrator.outcomes import outcome_of
from orchestrator.paths import RunPaths
from orchestrator.progress.listener import SweepListener
from orchestrator.records import (
    Adjustment,
    Evaluation,
    FaultKind,
    Retry,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    json_ready,
)
from orchestrator.rulings import BEST_LEFT, SUSPECT, Rulings, reason_in_vain, why_promoted
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.spending import (
    EndOfProposing,
    end_of_proposing,
    num_to_propose,
    passed_cap,
    reopenable,
    trials_cap,
)
from orchestrator.trial.fence import admit
from orchestrator.trial.order import new_identity, retraining_seed
from orchestrator.trial.spec import Message, TrialSpec, location_in
from orchestrator.trial.validation import MessageError, check_message

_TOLD_BY = ("paused", "exploited", "finished")  # a trial has left its slot: its score counts
_RESTORED_BY = ("proposed", "reopened")


class Search:
    """Everything that one sweep has proposed, heard and decided; replayed from its journal.

    Args:
        config: the resolved sweep.
        folder: the run folder.
        sampler: proposes parameters.
        scheduler: says which trials are outclassed, and which deserve to go on.
        journal: the sweep's journal, open for writing.
        listener: is told of every event.
    """

    def __init__(
        self,
        config: SweepConfig,
        folder: Path,
        *,
        sampler: ParameterSampler,
        scheduler: Scheduler,
        journal: Journal,
        listener: SweepListener,
    ) -> None:
        self.config = config
        self.history = SweepHistory()
        self._paths = RunPaths(folder)
        self._sampler = sampler
        self._rulings = Rulings(config, self.history, scheduler)
        self._journal = journal
        self._listener = listener
        self._running: set[str] = set()
        self._replicates: deque[tuple[TrialRecord, int]] = deque()
        for event in journal.take_recalled():
            self._take_in(event)
        self._is_closed = bool(self.history.replicates)  # the finals have begun: no more proposals
        is_known = self.history.config is not None
        self._write("opened", **({} if is_known else {"config": config.model_dump(mode="json")}))
        self._mend_descriptions()
        self._reopen()
        for name in list(self._rulings.due):
            self._carry_out(name)
        for name in [name for name, trial in self.history.trials.items() if trial.is_given_up]:
            self._give_up(name)
        self._unfinished = deque(
            record
            for record in self.history.records
            if not record.status.is_finished and record.status is not TrialStatus.PAUSED
        )

    @property
    def num_to_propose(self) -> int:
        """How many trials are still to be proposed, at most."""
        return 0 if self._is_closed else num_to_propose(self.config, self.history)

    @property
    def is_over(self) -> bool:
        """Whether no trial will ever come any more."""
        has_ended = all(record.status.is_finished for record in self.history.records)
        return has_ended and not self._may_propose() and not self._may_replicate()

    @property
    def running(self) -> list[str]:
        """The trials that were handed out and have not come back."""
        return [name for name in self.history.trials if name in self._running]

    def next_trial(self) -> TrialSpec | None:
        """Return the next trial to run; None when there is none now.

        In this order: what an earlier driver or a lost attempt left unfinished, replicates that
        are lined up, what the scheduler promotes, what is newly proposed, and what a verdict
        paused. While trials run there may be more later (:attr:`is_over` says); if none runs,
        paused trials that nobody promoted are finished.
        """
        record = self._next_record()
        if record is None:
            if not self._running:
                self._finish_paused()
            return None
        self._running.add(record.trial_id)
        number = self._journal.num_events  # each time more: the end of an attempt is an event
        admit(self._paths.trial(record.trial_id), number)
        trial = self.history.trials[record.trial_id]
        return order_attempt(self.config, self._paths.root, trial, number=number)

    def replicate(self, finalists: Sequence[TrialRecord], num_seeds: int) -> None:
        """Close the search, and line up fresh trainings of its finalists, on equal seeds each.

        They are handed out as trials are, but neither sampler nor scheduler hears of them. Those
        that the journal knows are not lined up again.
        """
        self._is_closed = True
        seeds = [retraining_seed(self.config, number) for number in range(num_seeds)]
        pairs = [(finalist, seed) for seed in seeds for finalist in finalists]
        by_name = {trial_id(finalist.params, seed): (finalist, seed) for finalist, seed in pairs}
        self._replicates = deque(
            pair for name, pair in by_name.items() if name not in self.history.trials
        )

    def receive(self, trial: str, message: Message) -> bool:
        """Take in one message of a trial; return whether this attempt at it must end.

        A trial that does not run stays as it is, whatever an attempt at it still sends. One
        that sends what cannot be meant has lost this attempt.

        Raises:
            SweepError: if all trials so far have failed alike.
            SweepHalted: if the trial's storage has failed.
        """
        if trial not in self._running:
            return True
        try:
            check_message(message)
        except MessageError as error:
            self.lost(trial, error.fault, f"it sent {error}")
            return True
        return self._heard(trial, message)

    def lost(self, trial: str, fault: FaultKind, reason: str, *, cause: str = "") -> None:
        """Take in that an attempt at a trial ended by surprise; nothing if it does not run.

        The trial is handed out again where the rules say so. Raises as :meth:`receive` does.
        """
        if trial not in self._running:
            return
        attempt = lose_attempt(self.config, self.history.trials[trial], fault, reason, cause=cause)
        self._write("attempt_lost", trial_id=trial, attempt=attempt.to_mapping())
        if attempt.retry is Retry.NEVER:
            self._give_up(trial)
        else:
            self._unfinished.append(self.history.trials[trial].record)
            self._describe(trial)
        check_worth_going_on(self.config, self.history, attempt)

    def left(self, trial: str) -> None:
        """Take in that an attempt has ended in order, for whoever resumes the sweep to go on."""
        self._running.discard(trial)

    def announce(self, doing: Literal["waiting", "retesting"], reason: str) -> None:
        """Take in what the sweep as a whole is at, for whoever looks on; decides nothing."""
        self._write(doing, reason=reason)

    def select(self, selection: Mapping[str, Any], certificate: Mapping[str, Any]) -> None:
        """Take in which generator is handed over, and its certificate."""
        self._write("selected", selection=selection, certificate=certificate)

    def _heard(self, trial: str, message: Message) -> bool:
        if message["kind"] == "started":
            self._write("started", trial_id=trial, **location_in(message))
        elif message["kind"] == "evaluated":
            return self._evaluated(trial, message)
        elif message["kind"] == "adjusted":
            self._adjusted(trial, message)
        elif message["kind"] == "mended":
            self._write("mended", trial_id=trial, note=message["note"])
        elif message["kind"] == "failed":
            fault, cause = FaultKind(message["fault"]), message.get("cause", "")
            self.lost(trial, fault, message["reason"], cause=cause)
        elif message["kind"] == "saved":
            self.lost(trial, FaultKind.PREEMPTED, why_left(message["nimg"]))
        elif message["kind"] == "finished":
            self._finish(trial, message)
        return message["kind"] in ("failed", "saved", "finished")

    def _give_up(self, name: str) -> None:
        """Fail a trial whose last attempt was lost."""
        ending = {"status": TrialStatus.FAILED, "stopped_by": StoppedBy.ERROR, "verdict": None}
        self._finish(name, {**ending, "reason": reason_given_up(self.history.trials[name])})

    def _next_record(self) -> TrialRecord | None:
        while self._unfinished:
            record = self._unfinished.popleft()
            if not self._cut_short(record.trial_id):
                return record
        self._say_end_of_proposing()
        if passed_cap(self.config, self.history) is not None:
            return None
        if self._replicates:
            return self._propose_replicate(*self._replicates.popleft())
        may_propose = self._may_propose()
        to_come = ToCome.NEW_TRIALS if may_propose else ToCome.RUNNING_TRIALS
        promoted = self._rulings.promoted(to_come)
        if promoted is not None:
            return self._resume(promoted, why_promoted(self.history.trials[promoted]))
        return self._propose() if may_propose else self._next_when_idle()

    def _next_when_idle(self) -> TrialRecord | None:
        """Return a trial to resume though it has not earned it, for nothing else is to be done."""
        suspect = self._rulings.best_suspect()
        if suspect is not None:
            return self._resume(suspect, SUSPECT)
        last = None if self._running else self._rulings.promoted(ToCome.NOTHING)
        return None if last is None else self._resume(last, BEST_LEFT)

    def _may_propose(self) -> bool:
        return self.num_to_propose > 0 and end_of_proposing(self.config, self.history) is None

    def _may_replicate(self) -> bool:
        return bool(self._replicates) and passed_cap(self.config, self.history) is None

    def _say_end_of_proposing(self) -> None:
        if self.num_to_propose > 0:
            self._ended(end_of_proposing(self.config, self.history))

    def _ended(self, end: EndOfProposing | None) -> None:
        """Take in why no further trial is proposed, once."""
        if end is not None and (self.history.proposing_end or {}).get("cause") != end.cause:
            self._write("proposing_ended", cause=end.cause, reason=end.reason)

    def _reopen(self) -> None:
        """Let trials go on or wait that the end of the sweep had cut short, now that it goes on."""
        for name in reopenable(self.config, self.history):
            self._write("reopened", trial_id=name)
            self._describe(name)

    def _cut_short(self, name: str) -> bool:
        """End a trial if the hours are spent, unless it ends by itself; return whether it was."""
        cap = passed_cap(self.config, self.history)
        if cap is None or self._rulings.ends_by_itself(name):
            return False
        self._say_end_of_proposing()
        self._stop(name, StoppedBy.CAP, cap.reason)
        return True

    def _propose_replicate(self, finalist: TrialRecord, seed: int) -> TrialRecord:
        name = trial_id(finalist.params, seed)
        self._write(
            "proposed",
            trial_id=name,
            index=len(self.history.trials),
            params=finalist.params,
            seed=seed,
            replicate_of=finalist.trial_id,
        )
        record = self.history.trials[name].record
        self._describe(name)
        return record

    def _propose(self) -> TrialRecord:
        index = len(self.history.trials)
        params = self._sampler.propose(index)
        name, seed = new_identity(self.config, params, self.history.trials)
        self._write("proposed", trial_id=name, index=index, params=params, seed=seed)
        self._ended(trials_cap(self.config, self.history))  # nobody may ask again
        record = self.history.trials[name].record
        self._describe(name)
        return record

    def _resume(self, name: str, reason: str) -> TrialRecord:
        self._write("resumed", trial_id=name, reason=reason)
        return self.history.trials[name].record

    def _evaluated(self, name: str, message: Message) -> bool:
        trial = self.history.trials[name]
        evaluation = Evaluation.from_mapping(message["evaluation"])
        num_rollbacks = message.get("num_rollbacks", 0)
        if trial.knows(evaluation, num_rollbacks):  # a resumed trial repeats what the journal has
            return False
        self._write(
            "evaluated",
            trial_id=name,
            evaluation=json_ready(message["evaluation"]),
            verdict=message["verdict"],
            num_rollbacks=num_rollbacks,
        )
        return self._carry_out(name) or self._cut_short(name)

    def _carry_out(self, name: str) -> bool:
        """Pause or stop a trial if that is due; return whether it was."""
        ruling = self._rulings.due.get(name)
        if ruling is None:
            return False
        decision, reason = ruling.decision, ruling.decision.reason
        if decision.action is CohortAction.EXPLOIT:
            self._exploit(name, decision)
        elif decision.action is CohortAction.PAUSE:
            where = {"by": ruling.by, "rung": decision.rung}
            self._write("paused", trial_id=name, **where, reason=reason)
            self._describe(name)
        else:
            self._write("judged", trial_id=name, stop=True, rung=decision.rung, reason=reason)
            self._stop(name, ruling.by, reason)
        return True

    def _exploit(self, name: str, decision: CohortDecision) -> None:
        """Pause a trial that is to go on from another's weights."""
        space, seed = self._sampler.space, self.config.search.seed
        taken = exploit(self.history, name, decision, space=space, seed=seed)
        self._write("exploited", trial_id=name, exploit=taken.to_mapping())
        self._describe(name)

    def _finish_paused(self) -> None:
        """Finish the trials that wait in vain, each for the reason why it was paused.

        Where a cap is why, they may wait on once it is raised.
        """
        for name, trial in self.history.trials.items():
            is_paused = trial.record.status is TrialStatus.PAUSED
            if is_paused and trial.paused_by is not None and not self._cut_short(name):
                self._stop(name, trial.paused_by, reason_in_vain(trial))

    def _stop(self, name: str, by: StoppedBy, reason: str) -> None:
        ending = {"status": TrialStatus.STOPPED, "stopped_by": by}
        self._finish(name, {**ending, "reason": reason, "verdict": None})

    def _adjusted(self, name: str, message: Message) -> None:
        trial = self.history.trials[name]
        if not trial.knows_adjustment(Adjustment.from_mapping(message["adjustment"])):
            self._write("adjusted", trial_id=name, adjustment=message["adjustment"])
            self._describe(name)

    def _finish(self, name: str, message: Message) -> None:
        ending = {key: message[key] for key in ("status", "stopped_by", "reason", "verdict")}
        self._write("finished", trial_id=name, **ending)
        self._describe(name)

    def _describe(self, name: str) -> None:
        write_json(self._paths.trial(name).description, self.history.trials[name].to_mapping())

    def _mend_descriptions(self) -> None:
        """Describe the trials anew whose description is missing, damaged or out of date."""
        for name, trial in self.history.trials.items():
            if not is_json(self._paths.trial(name).description, trial.to_mapping()):
                self._describe(name)

    def _write(self, event: str, **values: Any) -> None:
        entry = self._journal.append(event, **values)
        self._take_in(entry)
        self._listener.on_event(entry, self.history)

    def _take_in(self, event: Event) -> None:
        """Learn from an event, the same whether it happens now or is recalled."""
        self.history.apply(event)
        self._rulings.take_in(event)
        if event["event"] in (*_TOLD_BY, "attempt_lost"):
            self._running.discard(event["trial_id"])
        if event["event"] not in (*_TOLD_BY, *_RESTORED_BY):
            return
        name = event["trial_id"]
        record = self.history.trials[name].record
        if record.is_replicate:
            return  # to be compared with its like only, at the end
        if not self.history.trials[name].is_of_its_proposal:
            return  # what it inherited says nothing of the parameters that were proposed
        if event["event"] in _TOLD_BY:
            self._sampler.tell(record.index, outcome_of(record, self.config.search.objectives))
        else:
            is_paused = record.status is TrialStatus.PAUSED
            outcome = outcome_of(record, self.config.search.objectives) if is_paused else None
            self._sampler.restore(record.index, record.params, outcome)
