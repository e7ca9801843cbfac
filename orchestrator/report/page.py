"""From a view of a sweep to one self-contained HTML page: no network, no script, no dependence."""

from base64 import b64encode
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gan_models.files import write_text
from orchestrator.leaderboard import UNKNOWN
from orchestrator.paths import RunPaths
from orchestrator.records import VerdictKind
from orchestrator.report import chart
from orchestrator.report.chart import NARROW, SMALL, WIDE, Curve
from orchestrator.report.scale import Frame
from orchestrator.report.view import RunView, TrialView, load_view

MAX_TRIAL_SECTIONS = 60  # every section embeds a picture: a page has to stay one that opens

VERDICT_MEANINGS = {
    VerdictKind.WARMING_UP: "too early for an opinion",
    VerdictKind.IMPROVING: "still gaining beyond the noise of the metric",
    VerdictKind.PLATEAUED: "shown to be flat, short of the quality asked for",
    VerdictKind.CONVERGED: "shown to be flat, at the quality asked for",
    VerdictKind.OSCILLATING: "swings more than the noise of the metric explains",
    VerdictKind.DEGRADED: "lastingly worse than its own best",
    VerdictKind.JUNK_FEEDBACK: "gets worse while D cannot tell real from fake",
    VerdictKind.DISCRIMINATOR_OVERPOWERED: "D wins so clearly that G no longer learns",
    VerdictKind.COLLAPSED: "lost its diversity and did not recover",
    VerdictKind.DIVERGED: "far worse than an untrained generator",
    VerdictKind.DEAD: "a number is no longer finite",
}
_TONES = {
    "good": {VerdictKind.CONVERGED, VerdictKind.IMPROVING},
    "bad": {VerdictKind.COLLAPSED, VerdictKind.DIVERGED, VerdictKind.DEAD},
    "warn": {
        VerdictKind.OSCILLATING,
        VerdictKind.DEGRADED,
        VerdictKind.JUNK_FEEDBACK,
        VerdictKind.DISCRIMINATOR_OVERPOWERED,
    },
}


def write_report(paths: RunPaths) -> None:
    """Write ``report.html`` for a sweep, finished or not.

    Raises:
        RunFolderError: if the folder holds no sweep, or its ``sweep.yaml`` cannot be read.
        JournalError: if the journal is damaged.
    """
    write_text(paths.report, render_report(load_view(paths)))


def render_report(run: RunView) -> str:
    """Return the page; everything that comes from a user is escaped."""
    template = _environment().get_template("page.html")
    shown = run.trials[:MAX_TRIAL_SECTIONS]
    return template.render(
        run=run,
        certificate=run.certificate or {},
        selection=run.selection or {},
        winner=next((trial for trial in run.trials if trial.row.is_selected), None),
        charts=_charts(run),
        sections=[(trial, _own_params(trial, run), chart_) for trial, chart_ in _small(run, shown)],
        meanings=_meanings(run),
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "fid": format_fid,
        "share": lambda value: _format(value, ".3f"),
        "count": lambda value: _format(value, ",.0f"),
        "kimg": format_kimg,
        "ratio": lambda value: _format(value, ".2f"),
        "words": lambda value: str(value).replace("_", " "),
        "param": format_param,
        "protocol": format_protocol,
        "data_uri": lambda png: "data:image/png;base64," + b64encode(png).decode(),
        "tone": verdict_tone,
    }
    return environment


def format_fid(value: object) -> str:
    """Write a Fréchet distance with three digits that count, also where the last one is zero.

    >>> format_fid(3.1), format_fid(38.0), format_fid(1234.5), format_fid(float("nan"))
    ('3.10', '38.0', '1,234', '—')
    """
    if not isinstance(value, int | float) or not isfinite(value):
        return UNKNOWN
    num_decimals = next((n for n, top in ((4, 0.01), (3, 1), (2, 10), (1, 100)) if value < top), 0)
    return f"{value:,.{num_decimals}f}"


def format_kimg(value: object) -> str:
    """Write thousands of images, with a decimal only where there is one.

    >>> format_kimg(1600.0), format_kimg(12.5), format_kimg(3.84)
    ('1,600', '12.5', '3.8')
    """
    text = _format(value, ",.1f")
    return text.removesuffix(".0")


def format_param(value: object) -> str:
    """Write a parameter's value: floats short, booleans as words.

    >>> format_param(0.00020000001), format_param(True), format_param("hinge")
    ('0.0002', 'yes', 'hinge')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def format_protocol(value: object) -> str:
    """Write a protocol: its hash, or its parts."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return str(value)


def verdict_tone(verdict: VerdictKind | None) -> str:
    """Return the class of colour that a verdict is shown in."""
    return next((tone for tone, kinds in _TONES.items() if verdict in kinds), "calm")


def _format(value: object, form: str) -> str:
    is_number = isinstance(value, int | float) and isfinite(value)
    return format(value, form) if is_number else UNKNOWN


def _charts(run: RunView) -> dict[str, Any]:
    curves, floor = [_curve(trial, run) for trial in run.trials], run.real_fid
    frames = {
        size: chart.fit_frame(curves, size, budget_kimg=run.budget_kimg, floor=floor)
        for size in (WIDE, NARROW)
    }
    marks = [mark for mark in chart.Mark if any(curve.mark is mark for curve in curves)]
    return {
        "has_points": any(isfinite(fid) for curve in curves for fid in curve.fid),
        "wide": Markup(chart.overview(curves, WIDE, frames[WIDE], floor=floor)),
        "narrow": Markup(chart.overview(curves, NARROW, frames[NARROW], floor=floor)),
        "cohort": Markup(chart.cohort(curves, _small_frame(run))),
        "legend": [(Markup(chart.legend_glyph(mark)), str(mark)) for mark in marks],
        "has_nan": any(not isfinite(fid) for curve in curves for fid in curve.fid),
        "ceiling": frames[WIDE].high_fid if _is_cut(curves, frames[WIDE].high_fid) else None,
    }


def _small(run: RunView, trials: tuple[TrialView, ...]) -> list[tuple[TrialView, Markup]]:
    frame = _small_frame(run)
    return [
        (trial, Markup(chart.small_multiple(_curve(trial, run), frame, floor=run.real_fid)))
        for trial in trials
    ]


def _small_frame(run: RunView) -> Frame:
    curves = [_curve(trial, run) for trial in run.trials]
    return chart.fit_frame(curves, SMALL, budget_kimg=run.budget_kimg, floor=run.real_fid)


def _curve(trial: TrialView, run: RunView) -> Curve:
    row, selection = trial.row, run.selection or {}
    chosen = selection.get("snapshot_nimg") if row.is_selected else None
    return Curve(
        kimg=tuple(point.nimg / 1000 for point in trial.curve),
        fid=tuple(point.fid for point in trial.curve),
        name=row.trial_id,
        label=f"{row.trial_id}, best {format_fid(row.best_fid)}",
        mark=chart.end_mark(row.stopped_by, row.verdict),
        is_winner=row.is_selected,
        chosen_kimg=None if chosen is None else chosen / 1000,
    )


def _is_cut(curves: list[Curve], high_fid: float) -> bool:
    return any(isfinite(fid) and fid > high_fid for curve in curves for fid in curve.fid)


def _own_params(trial: TrialView, run: RunView) -> dict[str, Any]:
    """Return what distinguishes a trial: the parameters that not all trials share."""
    shared = run.shared_params
    return {name: value for name, value in trial.params.items() if name not in shared}


def _meanings(run: RunView) -> list[tuple[VerdictKind, str]]:
    seen = {trial.row.verdict for trial in run.trials}
    return [(kind, text) for kind, text in VERDICT_MEANINGS.items() if kind in seen]
