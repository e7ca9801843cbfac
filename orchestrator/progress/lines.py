"""Plain lines for logs and pipes: ends, pauses and resumes, and now and then how a trial stands.

Each begins with how far the sweep is and, beside each cap, with what is expected at this pace.
"""

from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import Self, TextIO

from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.estimate import Plan, Tally, format_duration, seconds_left, tally
from orchestrator.progress.projection import (
    Projection,
    describe_against_caps,
    project,
    warnings,
)
from orchestrator.records import TrialRecord
from orchestrator.trial_history import TrialHistory
from orchestrator.wording import (
    format_adjustment,
    format_ending,
    format_exploit,
    format_fid,
    format_kimg,
    format_lost_attempt,
    format_number,
    format_verdict,
)


class LinesListener:
    """Writes a line where a trial leaves or goes on, and at most one evaluation a ``every_s``."""

    def __init__(
        self, stream: TextIO, plan: Plan, *, clock: Callable[[], float], every_s: float = 10.0
    ) -> None:
        self._stream, self._plan, self._clock, self._every_s = stream, plan, clock, every_s
        self._start_s = clock()
        self._last_evaluation_s = -inf
        self._first: Tally | None = None
        self._warned: set[str] = set()

    def __enter__(self) -> Self:
        self._start_s = self._clock()
        return self

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Write the line that this event deserves, if any."""
        now = tally(history.records, self._plan, is_closed=history.proposing_end is not None)
        self._first = self._first or now
        text = self._text(event, history)
        if text:
            elapsed_s = self._clock() - self._start_s
            left_s = seconds_left(now, self._first, elapsed_s)
            expected = project(history, now, self._plan, left_s)
            parts = [
                f"{now.num_done}/{now.num_planned}",
                f"{format_duration(left_s)} left",
                describe_against_caps(expected, self._plan.budget),
            ]
            self._print(f"[{', '.join(filter(None, parts))}] {text}")
            self._warn(expected)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stream.flush()

    def _warn(self, expected: Projection) -> None:
        """Say once of each cap that it will cut the sweep short."""
        for text in warnings(expected, self._plan.budget):
            cap = text.split(" ")[0]
            if cap not in self._warned:
                self._warned.add(cap)
                self._print(f"warning: {text}")

    def _print(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def _text(self, event: Event, history: SweepHistory) -> str:
        match event["event"]:
            case "finished" | "paused":
                return _end_line(history.trials[event["trial_id"]].record)
            case "resumed":
                return f"{event['trial_id']} goes on: {event['reason']}"
            case "evaluated" if self._clock() - self._last_evaluation_s >= self._every_s:
                self._last_evaluation_s = self._clock()
                return _evaluation_line(history.trials[event["trial_id"]].record)
            case "proposing_ended":
                return f"no more trials are proposed: {event['reason']}"
            case "exploited" | "adjusted" | "attempt_lost" as kind:
                return _CHANGES[kind](history.trials[event["trial_id"]])
            case "waiting":
                return f"waiting: {event['reason']}"
            case "retesting":
                return f"testing again: {event['reason']}"
            case "mended":
                return f"{event['trial_id']}: {event['note']}"
            case "selected" if history.selection:
                return f"selected {history.selection['trial_id']}"
        return ""


def _evaluation_line(record: TrialRecord) -> str:
    return f"{record.trial_id} at {format_kimg(record.nimg / 1000)} kimg: {_standing(record)}"


def _adjustment_line(trial: TrialHistory) -> str:
    adjustment = trial.adjustments[-1]
    where = f"{trial.record.trial_id} at {format_kimg(adjustment.nimg / 1000)} kimg"
    return f"{where}: {format_adjustment(adjustment)}"


def _exploit_line(trial: TrialHistory) -> str:
    exploit = trial.exploits[-1]
    where = f"{trial.record.trial_id} at {format_kimg(exploit.nimg / 1000)} kimg"
    return f"{where}: {format_exploit(exploit)}"


def _lost_line(trial: TrialHistory) -> str:
    lost = trial.lost_attempts[-1]
    said = f"{trial.record.trial_id}: {format_lost_attempt(lost)} ({lost.why})"
    return said if lost.reason in lost.why else f"{said}: {lost.reason}"


_CHANGES = {"exploited": _exploit_line, "adjusted": _adjustment_line, "attempt_lost": _lost_line}


def _end_line(record: TrialRecord) -> str:
    end = f"{format_ending(record)} at {format_kimg(record.nimg / 1000)} kimg"
    reason = f" ({record.reason})" if record.reason else ""
    return f"{record.trial_id} {end}: {_standing(record)}{reason}"


def _standing(record: TrialRecord) -> str:
    coverage = format_number(record.best_coverage, ".2f")
    verdict, fid = format_verdict(record.verdict), format_fid(record.best_fid)
    return f"{verdict}, best FID {fid}, coverage {coverage}"
