"""From judged curves to one self-contained HTML page: no network, no script, no dependence."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from markupsafe import Markup

from gan_models.files import write_text
from orchestrator.records import VerdictKind
from orchestrator.report.chart import Mark, legend_glyph, stop_mark
from orchestrator.report.judged.chart import (
    NARROW,
    WIDE,
    Frames,
    judged_chart,
    pause_key,
    verdict_key,
)
from orchestrator.report.judged.view import JudgedCurves, JudgedRun
from orchestrator.report.template import fill_template
from orchestrator.report.verdicts import VERDICT_MEANINGS

MAX_CHARTS = 60  # a page has to stay one that opens

_ENDS = {
    Mark.FLAT: "stopped: no further gain expected",
    Mark.UNSOUND: "stopped: going wrong",
    Mark.BROKEN: "stopped: broken",
    Mark.RUNNING: "not stopped",
}


@dataclass(frozen=True)
class Chart:
    """A run with its chart at two sizes.

    ``ceiling`` is the FID above which points lie at the upper edge, None where none does.
    """

    run: JudgedRun
    wide: Markup
    narrow: Markup
    ceiling: float | None


@dataclass(frozen=True)
class Legend:
    """What the marks mean that occur in the charts, with their shapes."""

    ends: list[tuple[Markup, str]]
    verdicts: list[tuple[Markup, VerdictKind, str]]
    pause: Markup | None
    has_stop: bool
    has_best: bool
    has_nan: bool


def write_judged_page(path: Path, curves: JudgedCurves, *, note: str = "") -> None:
    """Write the page of judged curves, whole or not at all."""
    write_text(path, render_judged_page(curves, note=note))


def render_judged_page(curves: JudgedCurves, *, note: str = "") -> str:
    """Return the page; ``note`` says by what the curves were judged, where that must be known."""
    drawn = curves.runs[:MAX_CHARTS]
    return fill_template(
        "judged/page.html",
        curves=curves,
        charts=[_chart(run) for run in drawn],
        legend=_legend(drawn),
        note=note,
    )


def _chart(run: JudgedRun) -> Chart:
    high_fid = Frames(run, WIDE).fid.high_fid
    return Chart(
        run=run,
        wide=Markup(judged_chart(run, WIDE)),
        narrow=Markup(judged_chart(run, NARROW)),
        ceiling=high_fid if any(fid > high_fid for fid in run.fid) else None,
    )


def _legend(runs: Sequence[JudgedRun]) -> Legend:
    seen = {verdict for run in runs for verdict in run.verdicts}
    fids = [fid for run in runs for fid in run.fid]
    marks = {Mark.RUNNING if run.stop is None else stop_mark(run.verdict) for run in runs}
    return Legend(
        ends=[(Markup(legend_glyph(mark)), text) for mark, text in _ENDS.items() if mark in marks],
        verdicts=[
            (Markup(verdict_key(verdict)), verdict, meaning)
            for verdict, meaning in VERDICT_MEANINGS.items()
            if verdict in seen
        ],
        pause=Markup(pause_key()) if any(run.pauses for run in runs) else None,
        has_stop=any(run.stop is not None for run in runs),
        has_best=any(run.best is not None for run in runs),
        has_nan=not all(map(isfinite, fids)),
    )
