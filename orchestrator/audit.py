"""Does what a journal says was decided follow from what it says was measured?

Every verdict, adjustment, pause, stop, promotion and end is decided anew and compared to the
letter. Not decided anew are proposals, and what the clock or a crash brought about: caps, errors.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gan_models.config import GanConfig
from gan_models.metrics.protocol import Protocol
from orchestrator.config.model import SweepConfig
from orchestrator.decision.scheduler import CohortAction, Scheduler, ToCome
from orchestrator.exploitation import exploit
from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.preflight import resolve_space
from orchestrator.records import Action, Adjustment, Evaluation, StoppedBy, TrialStatus
from orchestrator.rulings import BEST_LEFT, SUSPECT, Ruling, Rulings, reason_in_vain
from orchestrator.trial.judge import TrialJudge
from orchestrator.trial.order import order_trial
from orchestrator.trial_history import TrialHistory

_CARRIED_OUT_BY = {
    CohortAction.PAUSE: "paused",
    CohortAction.STOP: "judged",
    CohortAction.EXPLOIT: "exploited",
}
_BEFORE_CARRYING_OUT = ("opened", "reopened")  # a driver was killed in between, and another began


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A decision that is not what follows from all that was known when it was made.

    ``recorded`` and ``replayed`` hold the same fields of event ``seq``; nothing is ``recorded``
    where a decision is missing before it.
    """

    seq: int
    event: str
    trial_id: str
    recorded: Mapping[str, Any]
    replayed: Mapping[str, Any]


@dataclass(frozen=True)
class Audit:
    """How many decisions were made anew, and those that came out otherwise."""

    num_decisions: int
    differences: list[Difference]


def audit(
    config: SweepConfig, protocol: Protocol, events: Iterable[Event], scheduler: Scheduler
) -> Audit:
    """Make every decision of a journal anew, from the events before it alone.

    Args:
        config: the sweep's, resolved.
        protocol: by which its rows were measured.
        events: of its journal.
        scheduler: as built for the sweep; one that has seen nothing yet.

    Raises:
        JournalError: if an event is about a trial that was never proposed.
    """
    auditor = _Auditor(config, protocol, scheduler)
    checked = [check for event in events for check in auditor.take_in(event)]
    return Audit(len(checked), [each for each in checked if each.recorded != each.replayed])


class _Auditor:
    """What was known before each event."""

    def __init__(self, config: SweepConfig, protocol: Protocol, scheduler: Scheduler) -> None:
        self._config = config
        self._protocol = protocol
        self._history = SweepHistory()
        self._rulings = Rulings(config, self._history, scheduler)
        self._judges: dict[str, TrialJudge] = {}

    def take_in(self, event: Event) -> Iterator[Difference]:
        """Yield each decision that the event shows or lacks beside what it should be."""
        yield from self._left_out(event)
        decide = {
            "evaluated": self._verdict,
            "adjusted": self._adjustment,
            "paused": self._pause,
            "judged": self._stop,
            "exploited": self._exploit,
            "resumed": self._promotion,
            "finished": self._end,
        }.get(event["event"])
        is_known = event.get("trial_id") in self._history.trials
        decided = decide(event) if decide and is_known else None
        if decided is not None:
            recorded = {key: event.get(key) for key in decided}
            yield _difference(event, event["event"], recorded=recorded, replayed=decided)
        self._history.apply(event)
        self._rulings.take_in(event)

    def _left_out(self, event: Event) -> Iterator[Difference]:
        """Yield what should have been carried out before the event."""
        if event["event"] in _BEFORE_CARRYING_OUT:
            return
        for name, ruling in list(self._rulings.due.items()):
            expected = _CARRIED_OUT_BY[ruling.decision.action]
            is_carried_out = event["event"] in (expected, "finished")
            if event.get("trial_id") != name or not is_carried_out:
                del self._rulings.due[name]
                seen = {**event, "trial_id": name}
                yield _difference(seen, expected, recorded={}, replayed=_fields_of(ruling))

    def _verdict(self, event: Event) -> dict[str, Any] | None:
        trial = self._history.trials[event["trial_id"]]
        row = Evaluation.from_mapping(event["evaluation"])
        if trial.knows(row, event.get("num_rollbacks", 0)):
            return None
        verdict = self._judge(trial).verdict(
            [*trial.evaluations, row],
            num_rollbacks=len(_rollbacks(trial)),
            exploits=trial.exploits,
        )
        return {"verdict": verdict.to_mapping()}

    def _adjustment(self, event: Event) -> dict[str, Any] | None:
        trial = self._history.trials[event["trial_id"]]
        recorded = Adjustment.from_mapping(event["adjustment"])
        if trial.knows_adjustment(recorded):
            return None
        is_change = recorded.died_nimg is None
        decided = self._change(trial, recorded.step) if is_change else self._rollback(trial)
        if decided is None:
            return {"adjustment": None}
        # a stretch that a killed trial trained again took another time to the same rows
        return {"adjustment": replace(decided, seconds=recorded.seconds).to_mapping()}

    def _rollback(self, trial: TrialHistory) -> Adjustment | None:
        if not trial.verdicts or trial.verdicts[-1].action is not Action.ROLL_BACK:
            return None
        reason = trial.verdicts[-1].reason
        return self._judge(trial).rollback(trial.evaluations, _rollbacks(trial), reason)

    def _change(self, trial: TrialHistory, step: int) -> Adjustment | None:
        rows = [row for row in trial.evaluations if row.step <= step]
        changes = self._judge(trial).regimes.changes_at(rows, _rollbacks(trial)) if rows else []
        return next((each for each in changes if each.died_nimg is None), None)

    def _pause(self, event: Event) -> dict[str, Any]:
        return self._ruling(event, CohortAction.PAUSE, "by", "rung", "reason")

    def _stop(self, event: Event) -> dict[str, Any]:
        return self._ruling(event, CohortAction.STOP, "rung", "reason")

    def _exploit(self, event: Event) -> dict[str, Any]:
        name = event["trial_id"]
        ruling = self._rulings.due.get(name)
        if ruling is None or ruling.decision.action is not CohortAction.EXPLOIT:
            return {"exploit": None}
        space, seed = resolve_space(self._config), self._config.search.seed
        taken = exploit(self._history, name, ruling.decision, space=space, seed=seed)
        return {"exploit": taken.to_mapping()}

    def _ruling(self, event: Event, action: CohortAction, *names: str) -> dict[str, Any]:
        ruling = self._rulings.due.get(event["trial_id"])
        if ruling is None or ruling.decision.action is not action:
            return dict.fromkeys(names)
        fields = _fields_of(ruling)
        return {name: fields[name] for name in names}

    def _promotion(self, event: Event) -> dict[str, Any]:
        """Return the trial to resume; whether new ones were to come then is not on record."""
        if event["reason"] == SUSPECT:
            return {"trial_id": self._rulings.best_suspect()}
        is_last_resort = event["reason"] == BEST_LEFT
        to_come = [ToCome.NOTHING] if is_last_resort else [ToCome.NEW_TRIALS, ToCome.RUNNING_TRIALS]
        candidates = [self._rulings.promoted(each) for each in to_come]
        is_one = event["trial_id"] in candidates
        return {"trial_id": event["trial_id"] if is_one else candidates[-1]}

    def _end(self, event: Event) -> dict[str, Any] | None:
        name, stopped_by = event["trial_id"], event["stopped_by"]
        trial = self._history.trials[name]
        if stopped_by in (StoppedBy.CAP, StoppedBy.ERROR) or trial.record.status.is_finished:
            return None
        stopped = {"status": TrialStatus.STOPPED.value}
        if trial.record.status is TrialStatus.PAUSED:
            by = trial.paused_by.value if trial.paused_by else None
            return {**stopped, "stopped_by": by, "reason": reason_in_vain(trial)}
        if name in self._rulings.due:
            fields = _fields_of(self._rulings.due[name])
            return {**stopped, "stopped_by": fields["by"], "reason": fields["reason"]}
        if not self._rulings.ends_by_itself(name):
            return {"status": None, "stopped_by": None, "reason": None}
        ending = self._judge(trial).ending(trial.verdicts[-1])
        return {key: value for key, value in ending.items() if key != "kind"}

    def _judge(self, trial: TrialHistory) -> TrialJudge:
        record = trial.record
        if record.trial_id not in self._judges:
            order = order_trial(
                self._config,
                Path(),
                trial_id=record.trial_id,
                index=record.index,
                params=record.params,
                seed=record.seed,
            )
            config = GanConfig.from_params(record.params)
            self._judges[record.trial_id] = TrialJudge.of(order, config, self._protocol)
        return self._judges[record.trial_id]


def _rollbacks(trial: TrialHistory) -> list[Adjustment]:
    return [each for each in trial.adjustments if each.died_nimg is not None]


def _fields_of(ruling: Ruling) -> dict[str, Any]:
    decision = ruling.decision
    return {"by": ruling.by.value, "rung": decision.rung, "reason": decision.reason}


def _difference(
    event: Event, name: str, *, recorded: Mapping[str, Any], replayed: Mapping[str, Any]
) -> Difference:
    return Difference(
        seq=event["seq"],
        event=name,
        trial_id=event["trial_id"],
        recorded=recorded,
        replayed=replayed,
    )
