"""What must hold of a sweep however often its processes were killed."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.paced_trial import executed_steps
from orchestrator.history import SweepHistory
from orchestrator.journal import read_journal
from orchestrator.paths import RunPaths


@dataclass(frozen=True, kw_only=True)
class Promises:
    """How often each promise was broken, and what the faults cost.

    ``redone_frac`` is the share of executed steps beyond one of each, no promise but a price.
    """

    trials_unfinished: int
    finished_run_again: int
    duplicate_rows: int
    orphan_folders: int
    curves_that_differ: int
    is_same_winner: bool
    redone_frac: float

    @property
    def are_kept(self) -> bool:
        """Whether nothing was lost, done twice or changed."""
        counts = (self.trials_unfinished, self.finished_run_again, self.duplicate_rows)
        rest = (self.orphan_folders, self.curves_that_differ)
        return self.is_same_winner and not any((*counts, *rest))


def check_promises(folder: Path, undisturbed: SweepHistory) -> Promises:
    """Hold a run folder against the same sweep that ran undisturbed."""
    paths = RunPaths(folder)
    events = read_journal(paths.journal)
    history = SweepHistory.replay(events)
    ended: set[str] = set()
    num_again = 0
    for event in events:
        num_again += event["event"] == "started" and event["trial_id"] in ended
        ended |= {event["trial_id"]} if event["event"] == "finished" else set()
    told = Counter(
        (event["trial_id"], event["evaluation"]["step"])
        for event in events
        if event["event"] == "evaluated"
    )
    executed = [(step.trial, step.step) for step in executed_steps(folder)]
    folders = {each.name for each in paths.trials.iterdir()}
    return Promises(
        trials_unfinished=sum(not record.status.is_finished for record in history.records),
        finished_run_again=num_again,
        duplicate_rows=sum(count - 1 for count in told.values()),
        orphan_folders=len(folders - history.trials.keys()),
        curves_that_differ=_num_that_differ(history, undisturbed),
        is_same_winner=_winner(history) == _winner(undisturbed),
        redone_frac=len(executed) / len(set(executed)) - 1.0,
    )


def _num_that_differ(history: SweepHistory, other: SweepHistory) -> int:
    names = history.trials.keys() | other.trials.keys()
    return sum(_curve(history, name) != _curve(other, name) for name in names)


def _curve(history: SweepHistory, name: str) -> list[tuple[int, float]]:
    trial = history.trials.get(name)
    return [(row.step, row.fid) for row in trial.evaluations] if trial else []


def _winner(history: SweepHistory) -> tuple[str, float]:
    best = history.ranked[0].record
    return best.trial_id, best.score
