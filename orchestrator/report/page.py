"""From a view of a sweep to one self-contained HTML page: no network, no script, no dependence."""

from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gan_models.files import write_text
from orchestrator.paths import RunPaths
from orchestrator.records import VerdictKind
from orchestrator.report.figures import Figures, draw_figures
from orchestrator.report.view import RunView, TrialView, load_view
from orchestrator.wording import format_fid, format_kimg, format_number

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
    figures = draw_figures(run)
    return (
        _environment()
        .get_template("page.html")
        .render(
            run=run,
            certificate=run.certificate or {},
            selection=run.selection or {},
            winner=next((trial for trial in run.trials if trial.row.is_selected), None),
            figures=figures,
            sections=_sections(run, figures),
            meanings=_meanings(run),
        )
    )


@cache
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
        "share": lambda value: format_number(value, ".3f"),
        "count": lambda value: format_number(value, ",.0f"),
        "kimg": format_kimg,
        "ratio": lambda value: format_number(value, ".2f"),
        "words": lambda value: str(value).replace("_", " "),
        "param": format_param,
        "data_uri": lambda png: "data:image/png;base64," + b64encode(png).decode(),
        "tone": verdict_tone,
    }
    return environment


def format_param(value: object) -> str:
    """Write a parameter's value: floats short, booleans as words.

    >>> format_param(0.00020000001), format_param(True), format_param("hinge")
    ('0.0002', 'yes', 'hinge')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def verdict_tone(verdict: VerdictKind | None) -> str:
    """Return the class of colour that a verdict is shown in."""
    return next((tone for tone, kinds in _TONES.items() if verdict in kinds), "calm")


def _sections(run: RunView, figures: Figures) -> list[tuple[TrialView, dict[str, Any], Markup]]:
    """Return the best trials with what distinguishes each: parameters that not all share."""
    shared = run.shared_params
    return [
        (trial, {name: trial.params[name] for name in trial.params if name not in shared}, figure)
        for trial, figure in zip(run.trials, figures.small, strict=True)
    ][:MAX_TRIAL_SECTIONS]


def _meanings(run: RunView) -> list[tuple[VerdictKind, str]]:
    seen = {trial.row.verdict for trial in run.trials}
    return [(kind, text) for kind, text in VERDICT_MEANINGS.items() if kind in seen]
