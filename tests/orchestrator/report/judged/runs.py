"""Judged runs in a few words."""

from collections.abc import Sequence
from dataclasses import replace
from math import nan
from typing import Any

from orchestrator.records import Action, Evaluation, VerdictKind
from orchestrator.report.judged.view import JudgedRun

STEP, NIMG, SECONDS = 100, 5000, 1800.0  # between two rows


def row(index: int, fid: float, coverage: float = nan, **columns: Any) -> Evaluation:
    """Return the row ``index`` of a run that records everything."""
    costs: dict[str, Any] = {
        "step": STEP * index,
        "nimg": NIMG * index,
        "seconds": SECONDS * index,
    }
    return Evaluation(run="a", fid=fid, coverage=coverage, **costs | columns)


def judged_run(
    *fids: float,
    coverage: Sequence[float] | None = None,
    verdicts: Sequence[VerdictKind] | None = None,
    **changes: Any,
) -> JudgedRun:
    """Return a run that goes on improving, unless changed."""
    shares = coverage or [nan] * len(fids)
    rows = [
        row(index + 1, fid, share)
        for index, (fid, share) in enumerate(zip(fids, shares, strict=True))
    ]
    run = JudgedRun(
        name="a",
        rows=rows,
        verdicts=verdicts or [VerdictKind.IMPROVING] * len(rows),
        verdict=VerdictKind.IMPROVING,
        action=Action.GO_ON,
        reason="its best so far",
        stop=None,
        best=None,
    )
    return replace(run, **changes)


def stopped_run(*fids: float, stop: int, best: int | None, **changes: Any) -> JudgedRun:
    """Return a run whose plateau was seen at a row, and said of all later ones."""
    kinds = [VerdictKind.IMPROVING] * stop + [VerdictKind.PLATEAUED] * (len(fids) - stop)
    decision = {"verdict": VerdictKind.PLATEAUED, "action": Action.STOP_KEEP_BEST, "reason": "flat"}
    return judged_run(*fids, verdicts=kinds, stop=stop, best=best, **decision | changes)
