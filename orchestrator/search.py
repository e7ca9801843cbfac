"""The search of a sweep: it proposes trials, hears what becomes of them, and decides.

Backends only carry: they ask for the next trial, run it somewhere, and hand every message back.
All that a sweep knows passes through here and is in the journal before it counts.
"""

from collections import deque
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from gan_models.files import write_json
from orchestrator.config.model import SweepConfig
from orchestrator.decision.scheduler import CohortAction, CohortDecision, Scheduler, ToCome
from orchestrator.history import SweepHistory
from orchestrator.identity import trial_id
from orchestrator.journal import Event, Journal
from orchestrator.paths import RunPaths
from orchestrator.progress.listener import SweepListener
from orchestrator.records import (
    Action,
    Evaluation,
    StoppedBy,
    TrialRecord,
    TrialStatus,
    VerdictKind,
)
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.trial.order import order_trial, training_seed
from orchestrator.trial.spec import Message, TrialSpec

_FAILED_KINDS = (VerdictKind.COLLAPSED, VerdictKind.DIVERGED, VerdictKind.DEAD)


class _Ruling(NamedTuple):
    """What is to become of a trial that does not simply go on, and who says so."""

    by: StoppedBy
    decision: CohortDecision


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
        self._scheduler = scheduler
        self._journal = journal
        self._listener = listener
        self._due: dict[str, _Ruling] = {}  # decided, but not yet carried out
        self._running: set[str] = set()
        for event in journal.recalled:
            self._take_in(event)
        self._write("opened")
        for name in list(self._due):
            self._carry_out(name)
        self._unfinished = deque(
            record
            for record in self.history.records
            if not record.status.is_finished and record.status is not TrialStatus.PAUSED
        )

    @property
    def num_to_propose(self) -> int:
        """How many trials are still to be proposed, at most."""
        return self.config.search.trials - len(self.history.trials)

    @property
    def is_over(self) -> bool:
        """Whether no trial will ever come any more."""
        has_ended = all(record.status.is_finished for record in self.history.records)
        return has_ended and not self._may_propose()

    def next_trial(self) -> TrialSpec | None:
        """Return the next trial to run; None when there is none now.

        In this order: what an earlier driver left unfinished, what the scheduler promotes, what
        is newly proposed, and what a verdict paused. While trials run there may be more later
        (:attr:`is_over` says); if none runs, paused trials that nobody promoted are finished.
        """
        record = self._next_record()
        if record is None:
            if not self._running:
                self._finish_paused()
            return None
        self._running.add(record.trial_id)
        return self._spec(record)

    def receive(self, trial: str, message: Message) -> bool:
        """Take in one message of a trial; return whether this attempt at it must end.

        A trial that has finished or is paused stays so, whatever an attempt at it still sends.
        """
        status = self.history.trials[trial].record.status
        if status.is_finished or status is TrialStatus.PAUSED:
            return True
        if message["kind"] == "started":
            self._write("started", trial_id=trial)
            return False
        if message["kind"] == "evaluated":
            return self._evaluated(trial, message)
        self._finish(trial, message)
        return True

    def lost(self, trial: str, reason: str) -> None:
        """Take in that a trial ended without a message of its own; nothing if it does not run."""
        if trial in self._running:
            ending = {"status": TrialStatus.FAILED, "stopped_by": StoppedBy.ERROR}
            self._finish(trial, {**ending, "reason": reason, "verdict": None})

    def select(self, selection: Mapping[str, Any], certificate: Mapping[str, Any]) -> None:
        """Take in which generator is handed over, and its certificate."""
        self._write("selected", selection=selection, certificate=certificate)

    def _next_record(self) -> TrialRecord | None:
        if self._unfinished:
            return self._unfinished.popleft()
        if self._is_spent():
            return None
        may_propose = self._may_propose()
        promoted = self._scheduler.next_to_resume(
            self._paused(StoppedBy.SCHEDULER),
            to_come=ToCome.NEW_TRIALS if may_propose else ToCome.RUNNING_TRIALS,
        )
        if promoted is not None:
            return self._resume(promoted, "promoted by the scheduler")
        return self._propose() if may_propose else self._next_when_idle()

    def _next_when_idle(self) -> TrialRecord | None:
        """Return a trial to resume though it has not earned it, for nothing else is to be done."""
        suspects = self._paused(StoppedBy.VERDICT)
        if suspects:
            best = next(each for each in self.history.ranked if each.record.trial_id in suspects)
            return self._resume(best.record.trial_id, "suspect, but nothing else is to be done")
        if self._running:
            return None
        last = self._scheduler.next_to_resume(
            self._paused(StoppedBy.SCHEDULER), to_come=ToCome.NOTHING
        )
        return None if last is None else self._resume(last, "the best that is left")

    def _paused(self, by: StoppedBy) -> set[str]:
        return {
            name
            for name, trial in self.history.trials.items()
            if trial.record.status is TrialStatus.PAUSED and trial.paused_by is by
        }

    def _may_propose(self) -> bool:
        return self.num_to_propose > 0 and not self._is_spent()

    def _is_spent(self) -> bool:
        budget = self.config.budget
        hours = self.history.used_s / 3600
        if budget.max_hours is not None and hours >= budget.max_hours:
            return True
        if budget.max_gpu_hours is None:
            return False
        gpu_hours = self._trial_hours() * self.config.resources.gpus_per_trial
        return gpu_hours >= budget.max_gpu_hours

    def _trial_hours(self) -> float:
        """Add up what trials have spent on training and on being evaluated."""
        trained = [record.seconds for record in self.history.records]
        evaluated = [row.eval_seconds for row in self.history.evaluations]
        return sum(filter(isfinite, trained + evaluated)) / 3600

    def _propose(self) -> TrialRecord:
        index = len(self.history.trials)
        params = self._sampler.propose(index)
        name, seed = self._new_identity(params)
        self._write("proposed", trial_id=name, index=index, params=params, seed=seed)
        record = self.history.trials[name].record
        self._describe(record)
        return record

    def _new_identity(self, params: Mapping[str, Any]) -> tuple[str, int]:
        """Name a proposal; one that was made before becomes a replicate with another seed."""
        for replicate in range(len(self.history.trials) + 1):
            seed = training_seed(self.config, replicate)
            name = trial_id(params, seed)
            if name not in self.history.trials:
                return name, seed
        raise AssertionError("more names than trials cannot all be taken")

    def _spec(self, record: TrialRecord) -> TrialSpec:
        return order_trial(
            self.config,
            self._paths.root,
            trial_id=record.trial_id,
            index=record.index,
            params=record.params,
            seed=record.seed,
        )

    def _resume(self, name: str, reason: str) -> TrialRecord:
        self._write("resumed", trial_id=name, reason=reason)
        return self.history.trials[name].record

    def _evaluated(self, name: str, message: Message) -> bool:
        trial = self.history.trials[name]
        evaluation = Evaluation.from_mapping(message["evaluation"])
        if trial.knows(evaluation):  # a resumed trial repeats what the journal has
            return False
        self._write(
            "evaluated",
            trial_id=name,
            evaluation=message["evaluation"],
            verdict=message["verdict"],
        )
        return self._carry_out(name)

    def _rule(self, name: str) -> _Ruling | None:
        """Decide on a trial's latest evaluation; None where it goes on or ends by itself."""
        trial = self.history.trials[name]
        decision = self._scheduler.report(name, trial.evaluations)
        has_budget_left = trial.record.nimg < self.config.budget.nimg_per_trial
        ends_anyway = trial.record.status.is_finished or trial.verdicts[-1].action.is_stop
        if ends_anyway or not has_budget_left:
            return None
        if decision.action is not CohortAction.GO_ON:
            return _Ruling(StoppedBy.SCHEDULER, decision)
        latest = [verdict.action for verdict in trial.verdicts[-2:]]
        if latest[-1] is Action.PAUSE and latest != [Action.PAUSE, Action.PAUSE]:
            # an alarm that goes on after a resume is no new evidence
            reason = trial.verdicts[-1].reason
            return _Ruling(
                StoppedBy.VERDICT, CohortDecision(action=CohortAction.PAUSE, reason=reason)
            )
        return None

    def _carry_out(self, name: str) -> bool:
        """Pause or stop a trial if that is due; return whether it was."""
        ruling = self._due.pop(name, None)
        if ruling is None:
            return False
        decision, reason = ruling.decision, ruling.decision.reason
        if decision.action is CohortAction.PAUSE:
            where = {"by": ruling.by, "rung": decision.rung}
            self._write("paused", trial_id=name, **where, reason=reason)
            self._describe(self.history.trials[name].record)
        else:
            self._write("judged", trial_id=name, stop=True, rung=decision.rung, reason=reason)
            self._stop(name, ruling.by, reason)
        return True

    def _finish_paused(self) -> None:
        """Finish the trials that wait in vain, each for the reason why it was paused."""
        for name, trial in self.history.trials.items():
            if trial.record.status is TrialStatus.PAUSED and trial.paused_by is not None:
                self._stop(name, trial.paused_by, f"{trial.record.reason}; never resumed")

    def _stop(self, name: str, by: StoppedBy, reason: str) -> None:
        ending = {"status": TrialStatus.STOPPED, "stopped_by": by}
        self._finish(name, {**ending, "reason": reason, "verdict": None})

    def _finish(self, name: str, message: Message) -> None:
        ending = {key: message[key] for key in ("status", "stopped_by", "reason", "verdict")}
        self._write("finished", trial_id=name, **ending)
        self._describe(self.history.trials[name].record)

    def _describe(self, record: TrialRecord) -> None:
        write_json(self._paths.trial(record.trial_id).description, record.to_mapping())

    def _write(self, event: str, **values: Any) -> None:
        entry = self._journal.append(event, **values)
        self._take_in(entry)
        self._listener.on_event(entry, self.history)

    def _take_in(self, event: Event) -> None:
        """Learn from an event, the same whether it happens now or is recalled."""
        self.history.apply(event)
        if event["event"] not in ("proposed", "evaluated", "paused", "finished"):
            return
        name = event["trial_id"]
        record = self.history.trials[name].record
        match event["event"]:
            case "proposed":
                self._sampler.restore(record.index, record.params, None, finished=False)
            case "evaluated":
                self._keep_ruling(name)
            case _:
                self._leave(record)

    def _keep_ruling(self, name: str) -> None:
        self._due.pop(name, None)
        ruling = self._rule(name)
        if ruling is not None:
            self._due[name] = ruling

    def _leave(self, record: TrialRecord) -> None:
        """Take in that a trial has left its slot; its score counts from now on."""
        self._due.pop(record.trial_id, None)
        self._running.discard(record.trial_id)
        score = _told(record)
        self._sampler.tell(record.index, score)
        if record.status.is_finished:
            self._scheduler.ended(record.trial_id, is_failure=score is None)


def _told(record: TrialRecord) -> float | None:
    """Return what the sampler learns from: the smoothed best ln(FID); None for a failure."""
    is_failure = record.verdict in _FAILED_KINDS or record.status is TrialStatus.FAILED
    return None if is_failure or not isfinite(record.score) else record.score
