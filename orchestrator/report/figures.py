"""The charts of one sweep, ready for the page: which curves, at which sizes, with what legend."""

from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from orchestrator.report.canvas import Size
from orchestrator.report.chart import (
    NARROW,
    SMALL,
    WIDE,
    Curve,
    Mark,
    cohort,
    end_mark,
    fit_frame,
    legend_glyph,
    overview,
    small_multiple,
)
from orchestrator.report.scale import FidFrame
from orchestrator.report.tradeoff import TrialPoint, tradeoff_chart
from orchestrator.report.view import RunView, TrialView
from orchestrator.wording import format_fid


@dataclass(frozen=True, kw_only=True)
class Figures:
    """SVG markup, and what the page has to say about it.

    ``small`` has one chart a trial, in the order of the trials; they all need ``cohort``.
    ``ceiling`` is the FID above which points lie at the upper edge, None where none does.
    ``tradeoff`` is FID against coverage, None where fewer than two trials have both.
    """

    wide: Markup
    narrow: Markup
    cohort: Markup
    small: tuple[Markup, ...]
    legend: tuple[tuple[Markup, str], ...]
    has_points: bool
    has_nan: bool
    ceiling: float | None
    tradeoff: Markup | None


def draw_figures(run: RunView) -> Figures:
    """Draw every chart of the report."""
    curves = [_curve(trial, run) for trial in run.trials]
    values = [fid for curve in curves for fid in curve.fid]
    high_fid = _frame(curves, WIDE, run).high_fid
    small_frame = _frame(curves, SMALL, run)
    return Figures(
        wide=_overview(curves, WIDE, run),
        narrow=_overview(curves, NARROW, run),
        cohort=Markup(cohort(curves, small_frame)),
        small=tuple(
            Markup(small_multiple(curve, small_frame, floor=run.floor_fid)) for curve in curves
        ),
        legend=tuple(
            (Markup(legend_glyph(mark)), str(mark))
            for mark in Mark
            if any(curve.mark is mark for curve in curves)
        ),
        has_points=any(map(isfinite, values)),
        has_nan=not all(map(isfinite, values)),
        ceiling=high_fid if any(fid > high_fid for fid in values) else None,
        tradeoff=_tradeoff(run),
    )


def _tradeoff(run: RunView) -> Markup | None:
    points = [
        TrialPoint(
            name=row.trial_id,
            fid=row.smoothed_fid,
            coverage=row.coverage,
            on_front=row.on_front,
            is_selected=row.is_selected,
        )
        for row in (trial.row for trial in run.trials)
        if isfinite(row.smoothed_fid) and isfinite(row.coverage)
    ]
    return Markup(tradeoff_chart(points)) if len(points) > 1 else None


def _overview(curves: list[Curve], size: Size, run: RunView) -> Markup:
    return Markup(overview(curves, size, _frame(curves, size, run), floor=run.floor_fid))


def _frame(curves: list[Curve], size: Size, run: RunView) -> FidFrame:
    return fit_frame(curves, size, budget_kimg=run.budget_kimg, floor=run.floor_fid)


def _curve(trial: TrialView, run: RunView) -> Curve:
    row, selection = trial.row, run.selection or {}
    chosen_nimg = selection.get("snapshot_nimg") if row.is_selected else None
    return Curve(
        kimg=tuple(point.nimg / 1000 for point in trial.curve),
        fid=tuple(point.fid for point in trial.curve),
        name=row.trial_id,
        label=f"{row.trial_id}, best {format_fid(row.best_fid)}",
        mark=end_mark(row.status, row.stopped_by, row.verdict),
        is_winner=row.is_selected,
        chosen_kimg=None if chosen_nimg is None else chosen_nimg / 1000,
    )
