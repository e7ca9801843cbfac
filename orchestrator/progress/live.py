"""A table on a terminal that follows the sweep: every trial's scores, verdict and budget."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from orchestrator.history import SweepHistory
from orchestrator.journal import Event
from orchestrator.progress.estimate import Plan, Tally, format_duration, seconds_left, tally
from orchestrator.progress.projection import (
    Projection,
    describe_against_caps,
    format_end,
    project,
    warnings,
)
from orchestrator.records import TrialStatus
from orchestrator.trial_history import TrialHistory
from orchestrator.wording import (
    UNKNOWN,
    format_ending,
    format_fid,
    format_kimg,
    format_number,
    format_verdict,
)

_LINES_AROUND_ROWS = 5  # heading, column names, the line on hidden trials, and the prompt
_MAX_NOTES = 4
_MIN_ROWS = 4
_BAR_WIDTH = 10


class LiveListener:
    """Redraws a table in place; only to be used on a terminal.

    Running trials come first, then paused and ended ones from the best to the worst; what does
    not fit the height of the terminal is counted, not shown. Where there are caps, what is
    expected at this pace stands beside each.
    """

    def __init__(
        self,
        console: Console,
        plan: Plan,
        *,
        clock: Callable[[], float],
        wall_clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._console, self._plan, self._clock = console, plan, clock
        self._wall_clock = wall_clock
        self._start_s = clock()
        self._first: Tally | None = None
        self._live = Live(console=console, refresh_per_second=2)

    def __enter__(self) -> Self:
        self._start_s = self._clock()
        self._live.start()
        return self

    def on_event(self, event: Event, history: SweepHistory) -> None:
        """Draw the sweep anew."""
        now = tally(history.records, self._plan, is_closed=history.proposing_end is not None)
        self._first = self._first or now
        elapsed_s = self._clock() - self._start_s
        left_s = seconds_left(now, self._first, elapsed_s)
        ends = format_end(left_s, self._wall_clock())
        heading = _Heading(now, self._clock, self._start_s, left_s + elapsed_s, ends)
        notes = _notes(project(history, now, self._plan, left_s), history, self._plan)
        max_rows = max(self._console.height - _LINES_AROUND_ROWS - len(notes), _MIN_ROWS)
        self._live.update(_page([heading, *notes], history, self._plan, max_rows))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()


class _Heading:
    """The line above the table; its clock goes on between events."""

    def __init__(
        self,
        now: Tally,
        clock: Callable[[], float],
        start_s: float,
        expected_total_s: float,
        ends: str,
    ) -> None:
        self._tally, self._clock, self._ends = now, clock, ends
        self._start_s, self._expected_total_s = start_s, expected_total_s

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        elapsed_s = self._clock() - self._start_s
        left_s = self._expected_total_s - elapsed_s
        left_s = 0.0 if left_s < 0 else left_s  # not max(): NaN has to pass
        counts = f"{self._tally.num_done} of {self._tally.num_planned} trials done"
        yield Text.assemble(
            (counts, "bold"),
            f" · {self._tally.num_running} running"
            f"{f' · {self._tally.num_paused} paused' if self._tally.num_paused else ''}"
            f" · {format_kimg(self._tally.seen_nimg / 1000)} kimg"
            f" · {format_duration(elapsed_s)} elapsed · {format_duration(left_s)} left"
            f" · ends {self._ends}",
        )


def _notes(expected: Projection, history: SweepHistory, plan: Plan) -> list[Text]:
    """Return what is to be said of caps, the finals and the end of proposing, a line each."""
    against = describe_against_caps(expected, plan.budget)
    end = history.proposing_end
    calm = [f"expected at this pace: {against}"] if against else []
    calm += [f"testing again: {history.retesting}"] if history.retesting else []
    loud = [f"no more trials are proposed: {end['reason']}"] if end else []
    loud += warnings(expected, plan.budget)
    notes = [Text(line, style="dim") for line in calm]
    notes += [Text(line, style="yellow") for line in loud]
    return notes[:_MAX_NOTES]


def _page(
    top: Sequence[_Heading | Text], history: SweepHistory, plan: Plan, max_rows: int
) -> Table:
    trials = _in_order_of_interest(history)
    page = Table.grid()
    for line in top:
        page.add_row(line)
    page.add_row(_trial_table(trials[:max_rows], plan))
    if len(trials) > max_rows:
        page.add_row(Text(f"… and {len(trials) - max_rows} more", style="dim"))
    return page


def _in_order_of_interest(history: SweepHistory) -> list[TrialHistory]:
    ranked = history.ranked
    running = [trial for trial in ranked if trial.record.status is TrialStatus.RUNNING]
    others = [trial for trial in ranked if _is_at_rest(trial)]
    return sorted(running, key=lambda trial: trial.record.index) + others


def _is_at_rest(trial: TrialHistory) -> bool:
    return trial.record.status.is_finished or trial.record.status is TrialStatus.PAUSED


def _trial_table(trials: Sequence[TrialHistory], plan: Plan) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("trial", no_wrap=True)
    table.add_column("network", no_wrap=True)
    for heading in ("best FID", "last", "coverage"):
        table.add_column(heading, justify="right", min_width=len("1,234"))
    table.add_column("verdict", no_wrap=True, min_width=12)
    table.add_column("kimg", justify="right")
    table.add_column("")
    table.add_column("status", no_wrap=True, min_width=10)
    for trial in trials:
        table.add_row(*_cells(trial, plan), style="dim" if _is_at_rest(trial) else "")
    return table


def _cells(trial: TrialHistory, plan: Plan) -> list[str | ProgressBar]:
    record, curve, budget = trial.record, trial.evaluations, plan.budget_nimg
    return [
        escape(record.trial_id),
        escape(str(record.params.get("network", UNKNOWN))),
        format_fid(record.best_fid),
        format_fid(curve[-1].fid) if curve else UNKNOWN,
        format_number(record.best_coverage, ".2f"),
        format_verdict(record.verdict),
        f"{format_kimg(record.nimg / 1000)} / {format_kimg(budget / 1000)}",
        ProgressBar(budget, record.nimg, _BAR_WIDTH, complete_style="cyan", finished_style="cyan"),
        format_ending(record),
    ]
