"""From a view of a sweep to one self-contained HTML page: no network, no script, no dependence."""

from typing import Any

from markupsafe import Markup

from gan_models.files import write_text
from orchestrator.disclosure import disclose
from orchestrator.paths import RunPaths
from orchestrator.records import VerdictKind
from orchestrator.report.figures import Figures, draw_figures
from orchestrator.report.template import fill_template
from orchestrator.report.verdicts import VERDICT_MEANINGS
from orchestrator.report.view import RunView, TrialView, load_view

MAX_TRIAL_SECTIONS = 60  # every section embeds a picture: a page has to stay one that opens
MAX_FRONT_ROWS = 12


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
    return fill_template(
        "page.html",
        run=run,
        certificate=run.certificate or {},
        selection=run.selection or {},
        disclosed=disclose(run.selection or {}, run.certificate or {}),
        winner=next((trial for trial in run.trials if trial.row.is_selected), None),
        front=[trial.row for trial in run.trials if trial.row.on_front][:MAX_FRONT_ROWS],
        figures=figures,
        sections=_sections(run, figures),
        meanings=_meanings(run),
    )


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
