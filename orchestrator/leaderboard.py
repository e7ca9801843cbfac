"""One ranking for every reader: ``results`` on the command line, its JSON, and the report."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import exp, nan
from typing import TYPE_CHECKING, Any

from orchestrator.decision.finalists import is_deliverable
from orchestrator.decision.pareto import Tradeoff, pareto_front
from orchestrator.history import SweepHistory
from orchestrator.records import (
    Adjustment,
    Exploit,
    LostAttempt,
    StoppedBy,
    TrialStatus,
    VerdictKind,
    json_ready,
)
from orchestrator.trial_history import TrialHistory
from orchestrator.wording import (
    UNKNOWN,
    format_fid,
    format_inheritance,
    format_kimg,
    format_number,
    format_regime,
    format_verdict,
)

if TYPE_CHECKING:
    from rich.table import Table

_BY_CLASS = ("intra_fid", "class_coverage", "label_consistency")
_MIN_NUMBER_WIDTH = {"#": 3, "smoothed FID": 8, "coverage": 8}  # characters


@dataclass(frozen=True, kw_only=True)
class LeaderboardRow:
    """One trial as people compare it; a number that was never measured is NaN.

    ``smoothed_fid`` is what trials are ranked by; ``best_fid`` is the luckiest single value, and
    ``coverage``, ``modes`` and what there is by class were measured with it. ``losses`` names D's
    and G's loss.
    ``on_front`` says that no other trial beats it in both smoothed FID and coverage.
    ``replicate_of`` names the finalist that a replicate trains anew; None for the search's trials.
    ``faults`` counts the attempts that were lost by class; ``lost_attempts`` has each of them.
    """

    rank: int
    trial_id: str
    network: str
    losses: str
    status: TrialStatus
    smoothed_fid: float
    best_fid: float
    coverage: float
    modes: float
    verdict: VerdictKind | None
    stopped_by: StoppedBy | None
    reason: str
    kimg: float
    on_front: bool
    is_selected: bool
    intra_fid: float = nan
    class_coverage: float = nan
    label_consistency: float = nan
    replicate_of: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    exploits: tuple[Exploit, ...] = ()
    num_attempts: int = 0
    faults: str = ""
    lost_attempts: tuple[LostAttempt, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """Return plain data; non-finite numbers become None."""
        adjustments = [adjustment.to_mapping() for adjustment in self.adjustments]
        exploits = [exploit.to_mapping() for exploit in self.exploits]
        lost = [attempt.to_mapping() for attempt in self.lost_attempts]
        lists = {"adjustments": adjustments, "exploits": exploits, "lost_attempts": lost}
        return json_ready(asdict(self)) | lists


def leaderboard(history: SweepHistory) -> list[LeaderboardRow]:
    """Rank the trials: the one that was selected first, then by smoothed score, replicates last."""
    selected = (history.selection or {}).get("trial_id")
    ranked = sorted(
        history.ranked,
        key=lambda each: (each.record.trial_id != selected, each.record.is_replicate),
    )
    front = _front(ranked)
    return [
        _row(rank, trial, on_front=trial.record.trial_id in front, selected=selected)
        for rank, trial in enumerate(ranked, start=1)
    ]


def results_mapping(history: SweepHistory) -> dict[str, Any]:
    """Return the ranked trials, the selection and the certificate as plain data.

    ``proposing_end`` says why fewer trials were proposed than planned, None where that is not so.
    ``faults`` counts the lost attempts of all trials by class.
    """
    end = history.proposing_end
    return {
        "trials": [row.to_mapping() for row in leaderboard(history)],
        "faults": dict(history.faults),
        "proposing_end": None if end is None else dict(end),
        "selection": None if history.selection is None else dict(history.selection),
        "certificate": None if history.certificate is None else dict(history.certificate),
    }


def results_table(history: SweepHistory) -> "Table":
    """Return the ranked trials, a line each; the selected one carries a star.

    A dot in the column ``front`` marks those that no other trial beats in both FID and coverage.
    The column ``faults`` is there only where an attempt was lost.

    Where the lines do not fit, words are cut, but never a number or the name of a trial.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("#", "smoothed FID", "best FID", "coverage", "modes", "kimg"):
        table.add_column(heading, justify="right", min_width=_MIN_NUMBER_WIDTH.get(heading, 5))
    table.add_column("front", justify="center", no_wrap=True)
    table.add_column("trial", no_wrap=True)
    has_faults = bool(history.faults)
    faults = ["faults"] if has_faults else []
    for heading in ("network", "losses", "verdict", "ended by", *faults, "reason"):
        table.add_column(heading)
    for row in leaderboard(history):
        style = "bold" if row.is_selected else ""
        words = _cells(row, has_faults=has_faults)
        cells = (Text(cell, no_wrap=True, overflow="ellipsis") for cell in words)
        table.add_row(*cells, style=style)
    return table


def trial_losses(params: Mapping[str, Any]) -> str:
    """Name the losses of D and G, once where they are the same: ``hinge`` or ``hinge / minimax``.

    >>> trial_losses({"d_loss": "hinge", "g_loss": "minimax"})
    'hinge / minimax'
    """
    names = [str(params[key]) for key in ("d_loss", "g_loss") if key in params]
    return " / ".join(dict.fromkeys(names)) or UNKNOWN


def _front(trials: Sequence[TrialHistory]) -> set[str]:
    candidates = [trial.record for trial in trials if is_deliverable(trial)]
    is_on_front = pareto_front([Tradeoff(each.score, each.best_coverage) for each in candidates])
    return {each.trial_id for each, is_on in zip(candidates, is_on_front, strict=True) if is_on}


def _row(rank: int, trial: TrialHistory, *, on_front: bool, selected: str | None) -> LeaderboardRow:
    record = trial.record
    at_best = [row for row in trial.evaluations if row.step == record.best_step]
    by_class = {name: getattr(at_best[0], name) for name in _BY_CLASS} if at_best else {}
    return LeaderboardRow(
        rank=rank,
        trial_id=record.trial_id,
        network=str(record.params.get("network", UNKNOWN)),
        losses=trial_losses(record.params),
        status=record.status,
        smoothed_fid=exp(record.score),
        best_fid=record.best_fid,
        coverage=record.best_coverage,
        modes=at_best[0].modes if at_best else nan,
        verdict=record.verdict,
        stopped_by=record.stopped_by,
        reason=record.reason,
        kimg=record.nimg / 1000,
        on_front=on_front,
        is_selected=record.trial_id == selected,
        **by_class,
        replicate_of=record.replicate_of,
        adjustments=tuple(trial.adjustments),
        exploits=tuple(trial.exploits),
        num_attempts=record.num_attempts,
        faults=record.faults,
        lost_attempts=tuple(trial.lost_attempts),
    )


def _cells(row: LeaderboardRow, *, has_faults: bool) -> list[str]:
    return [
        f"★ {row.rank}" if row.is_selected else str(row.rank),
        format_fid(row.smoothed_fid),
        format_fid(row.best_fid),
        format_number(row.coverage, ".3f"),
        format_number(row.modes, ".0f"),
        format_kimg(row.kimg),
        "•" if row.on_front else "",
        row.trial_id if row.replicate_of is None else f"{row.trial_id} (again {row.replicate_of})",
        row.network,
        row.losses,
        format_verdict(row.verdict),
        row.stopped_by or row.status,
        *([row.faults] if has_faults else []),
        _reason(row),
    ]


def _reason(row: LeaderboardRow) -> str:
    """Return the reason, after the regime of a trial that was adjusted, and what it took over."""
    regime = [f"now {format_regime(each)}" for each in row.adjustments[-1:]]
    inherited = [f"has {format_inheritance(each)}" for each in row.exploits[-1:]]
    return "; ".join([*regime, *inherited, row.reason])
