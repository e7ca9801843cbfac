"""The search of a sweep: it proposes trials, hears what becomes of them, and decides.

Backends only carry: they ask for the next trial, run it somewhere, and hand every message back.
All that a sweep knows passes through here and is in the journal before it counts.
"""

from collections import Counter, deque
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from gan_models.files import write_json
from orchestrator.config.model import SweepConfig
from orchestrator.decision.scheduler import Scheduler
from orchestrator.history import SweepHistory
from orchestrator.identity import trial_id
from orchestrator.journal import Journal
from orchestrator.paths import RunPaths
from orchestrator.progress.listener import SweepListener
from orchestrator.records import Evaluation, StoppedBy, TrialRecord, TrialStatus, VerdictKind
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.trial.order import order_trial, training_seed
from orchestrator.trial.spec import Message, TrialSpec

_FAILED_KINDS = (VerdictKind.COLLAPSED, VerdictKind.DIVERGED, VerdictKind.DEAD)


class Search:
    """Everything that one sweep has proposed, heard and decided; replayed from its journal.

    Args:
        config: the resolved sweep.
        folder: the run folder.
        sampler: proposes parameters.
        scheduler: says which trials are outclassed.
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
        self.history = SweepHistory.replay(journal.recalled)
        self._paths = RunPaths(folder)
        self._sampler = sampler
        self._scheduler = scheduler
        self._journal = journal
        self._listener = listener
        self._unfinished = deque(self._recall())
        self._write("opened")

    @property
    def num_left(self) -> int:
        """How many trials are still to be handed out, at most."""
        return len(self._unfinished) + self.config.search.trials - len(self.history.trials)

    def next_trial(self) -> TrialSpec | None:
        """Return the next trial to run, unfinished ones first; None when there is none left."""
        if self._unfinished:
            return self._spec(self._unfinished.popleft())
        if self.num_left <= 0 or self._is_spent():
            return None
        return self._spec(self._propose())

    def receive(self, trial: str, message: Message) -> bool:
        """Take in one message of a trial; return whether the trial must stop.

        A trial that has finished stays finished, whatever a second attempt at it still sends.
        """
        if self.history.trials[trial].record.status.is_finished:
            return True
        if message["kind"] == "started":
            self._write("started", trial_id=trial)
            return False
        if message["kind"] == "evaluated":
            return self._evaluated(trial, message)
        self._finish(trial, message)
        return True

    def lost(self, trial: str, reason: str) -> None:
        """Take in that a trial ended without a message of its own; nothing if it had finished."""
        if not self.history.trials[trial].record.status.is_finished:
            ending = {"status": TrialStatus.FAILED, "stopped_by": StoppedBy.ERROR}
            self._finish(trial, {**ending, "reason": reason, "verdict": None})

    def select(self, selection: Mapping[str, Any], certificate: Mapping[str, Any]) -> None:
        """Take in which generator is handed over, and its certificate."""
        self._write("selected", selection=selection, certificate=certificate)

    def _recall(self) -> list[TrialRecord]:
        """Tell sampler and scheduler what the journal knows; return the unfinished trials."""
        for trial in self.history.trials.values():
            record = trial.record
            is_finished = record.status.is_finished
            self._sampler.restore(record.index, record.params, _told(record), finished=is_finished)
        seen: Counter[str] = Counter()
        for event in self._journal.recalled:
            if event["event"] == "evaluated":
                name = event["trial_id"]
                seen[name] += 1
                self._scheduler.report(name, self.history.trials[name].evaluations[: seen[name]])
        return [record for record in self.history.records if not record.status.is_finished]

    def _is_spent(self) -> bool:
        budget = self.config.budget
        hours = self.history.used_s / 3600
        gpu_hours = self._trial_hours() * self.config.resources.gpus_per_trial
        over_hours = budget.max_hours is not None and hours >= budget.max_hours
        over_gpu_hours = budget.max_gpu_hours is not None and gpu_hours >= budget.max_gpu_hours
        return over_hours or over_gpu_hours

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

    def _evaluated(self, name: str, message: Message) -> bool:
        trial = self.history.trials[name]
        evaluation = Evaluation.from_mapping(message["evaluation"])
        if not trial.knows(evaluation):  # a resumed trial repeats what the journal has
            self._write(
                "evaluated",
                trial_id=name,
                evaluation=message["evaluation"],
                verdict=message["verdict"],
            )
        decision = self._scheduler.report(name, trial.evaluations)
        if not decision.stop or trial.verdicts[-1].action.is_stop:
            return False
        self._write("judged", trial_id=name, stop=True, rung=decision.rung, reason=decision.reason)
        ending = {"status": TrialStatus.STOPPED, "stopped_by": StoppedBy.SCHEDULER}
        self._finish(name, {**ending, "reason": decision.reason, "verdict": None})
        return True

    def _finish(self, name: str, message: Message) -> None:
        ending = {key: message[key] for key in ("status", "stopped_by", "reason", "verdict")}
        self._write("finished", trial_id=name, **ending)
        record = self.history.trials[name].record
        self._sampler.tell(record.index, _told(record))
        self._describe(record)

    def _describe(self, record: TrialRecord) -> None:
        write_json(self._paths.trial(record.trial_id).description, record.to_mapping())

    def _write(self, event: str, **values: Any) -> None:
        entry = self._journal.append(event, **values)
        self.history.apply(entry)
        self._listener.on_event(entry, self.history)


def _told(record: TrialRecord) -> float | None:
    """Return what the sampler learns from: the smoothed best ln(FID); None for a failure."""
    is_failure = record.verdict in _FAILED_KINDS or record.status is TrialStatus.FAILED
    return None if is_failure or not isfinite(record.score) else record.score
