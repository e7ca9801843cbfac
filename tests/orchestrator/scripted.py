"""A sweep without training: a spec, messages such as trials send, and a search to hear them."""

from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.config.load import build_config
from orchestrator.config.model import SweepConfig
from orchestrator.decision.full import FullScheduler
from orchestrator.decision.scheduler import CohortAction, CohortDecision, Scheduler, ToCome
from orchestrator.history import SweepHistory
from orchestrator.journal import Event, Journal, read_journal
from orchestrator.paths import RunPaths
from orchestrator.progress.silent import SilentListener
from orchestrator.records import (
    Action,
    Evaluation,
    StoppedBy,
    TrialStatus,
    Verdict,
    VerdictKind,
)
from orchestrator.sampling.outcome import Direction, Outcome
from orchestrator.sampling.sampler import ParameterSampler
from orchestrator.sealed_lines import seal_line
from orchestrator.search import Search
from orchestrator.trial.spec import Message, evaluated, finished
from search_spaces.domains import Float
from search_spaces.parameter import Parameter
from search_spaces.space import SearchSpace

SPEC: dict[str, Any] = {
    "name": "scripted",
    "data": {"name": "ring8"},
    "space": "ring8",
    "search": {"sampler": "random", "trials": 3},
    "budget": {"kimg_per_trial": 3},
    "evaluation": {"every_kimg": 1, "samples": 64},
    "scheduler": {"kind": "none"},
    "backend": "in-process",
}
RATES = SearchSpace("rates", (Parameter("d_lr", Float(1e-4, 1e-2, log=True)),))


class InterruptsAfter(SilentListener):
    """Interrupts the driver once so many events are on disk."""

    def __init__(self, num_events: int) -> None:
        self._num_left = num_events

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Count down."""
        self._num_left -= 1
        if self._num_left == 0:
            raise KeyboardInterrupt


def make_config(**sections: Any) -> SweepConfig:
    """Return a small configuration; a section changes only what it names, other keys whole."""
    spec = dict(SPEC)
    for name, value in sections.items():
        is_section = name not in ("data", "space", "fixed") and isinstance(value, dict)
        spec[name] = spec.get(name, {}) | value if is_section else value
    return build_config(spec)


def evaluation_message(
    trial: str, step: int, fid: float, *, action: Action = Action.GO_ON, **columns: Any
) -> Message:
    """Return the message of one evaluation after ``step`` thousand images."""
    row = Evaluation(run=trial, step=step, nimg=1000 * step, fid=fid, **columns)
    kind = VerdictKind.DEAD if action is Action.STOP_REJECT else VerdictKind.IMPROVING
    return evaluated(row, Verdict(kind=kind, action=action, reason=f"FID {fid:g}"))


def completed_message(verdict: VerdictKind = VerdictKind.IMPROVING) -> Message:
    """Return the last message of a trial that used its budget."""
    return finished(
        TrialStatus.COMPLETED, StoppedBy.BUDGET, reason="budget used", verdict=verdict.value
    )


class WatchedSampler(ParameterSampler):
    """Remembers what it was told."""

    def __init__(
        self, space: SearchSpace = RATES, directions: Sequence[Direction] = ("minimize",)
    ) -> None:
        super().__init__(space, "random", seed=0, directions=directions)
        self.told: list[tuple[int, Outcome]] = []

    @property
    def scores(self) -> list[Any]:
        """What it was told, without of which trial; None for a failure."""
        return [None if each.is_failure else each.values[0] for _, each in self.told]

    def is_running(self, index: int) -> bool:
        """Say whether a trial was proposed, and nothing is known of what became of it."""
        return self._history[index].outcome is None

    def tell(self, index: int, outcome: Outcome) -> None:
        """Remember, and learn."""
        self.told.append((index, outcome))
        super().tell(index, outcome)


@dataclass
class ScriptedScheduler:
    """Stops trials, by order of appearance, from so many reports on.

    Others it pauses, by name, at exactly so many, and promotes, as soon as they are paused or as
    a last resort.
    """

    stop_after: dict[int, int] = field(default_factory=dict)
    pause_at: dict[str, int] = field(default_factory=dict)
    promoted: list[str] = field(default_factory=list)
    last_resorts: list[str] = field(default_factory=list)
    reports: list[tuple[str, int]] = field(default_factory=list)
    ends: list[tuple[str, bool]] = field(default_factory=list)

    def report(self, trial_id: str, evaluations: Sequence[Evaluation]) -> CohortDecision:
        """Take down who reported how many rows, and decide by the script."""
        self.reports.append((trial_id, len(evaluations)))
        order = list(dict.fromkeys(name for name, _ in self.reports)).index(trial_id)
        action = CohortAction.GO_ON
        if len(evaluations) == self.pause_at.get(trial_id):
            action = CohortAction.PAUSE
        if len(evaluations) >= self.stop_after.get(order, 10**9):
            action = CohortAction.STOP
        return CohortDecision(action=action, reason="outclassed by script", rung=0)

    def ended(self, trial_id: str, *, is_failure: bool = False) -> None:
        """Take down who ended, and whether by breaking."""
        self.ends.append((trial_id, is_failure))

    def next_to_resume(
        self, paused: Container[str], *, to_come: ToCome = ToCome.NEW_TRIALS
    ) -> str | None:
        """Return the first of the script that is paused."""
        names = [*self.promoted, *(self.last_resorts if to_come is ToCome.NOTHING else ())]
        return next((name for name in names if name in paused), None)


class Watcher(SilentListener):
    """Remembers every event, and how many trials had finished by then."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Take the event down."""
        num_finished = sum(record.status.is_finished for record in history.records)
        self.seen.append((event["event"], num_finished))


@contextmanager
def opened_search(
    folder: Path,
    config: SweepConfig | None = None,
    *,
    sampler: ParameterSampler | None = None,
    scheduler: Scheduler | None = None,
    listener: SilentListener | None = None,
    clock: Iterator[float] | None = None,
) -> Iterator[Search]:
    """Open the search of a run folder as a driver does, and close its journal in the end."""
    times = {} if clock is None else {"clock": lambda: next(clock)}
    with Journal(RunPaths(folder).journal, **times) as journal:
        yield Search(
            config or make_config(),
            folder,
            sampler=sampler or WatchedSampler(),
            scheduler=scheduler or FullScheduler(),
            journal=journal,
            listener=listener or SilentListener(),
        )


def run_whole(search: Search, fids: Sequence[float], *, trial: str) -> None:
    """Send every message of a trial that completes."""
    search.receive(trial, {"kind": "started"})
    for step, fid in enumerate(fids):
        search.receive(trial, evaluation_message(trial, step, fid))
    search.receive(trial, completed_message())


def rewrite_journal(path: Path, events: Sequence[Event]) -> None:
    """Write events as a journal whose checksums fit them."""
    content, crc = b"", 0
    for event in events:
        line, crc = seal_line(event, crc)
        content += line + b"\n"
    path.write_bytes(content)


def events_of(folder: Path, *names: str) -> list[Event]:
    """Return the journal's events of these names, or all of them."""
    events = read_journal(RunPaths(folder).journal)
    return [event for event in events if not names or event["event"] in names]
