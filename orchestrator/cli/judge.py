"""``ganorch judge``: what would have been decided on recorded curves, when and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from orchestrator.cli.errors import writing_to
from orchestrator.cli.location import LOCATION, Location, local_path
from orchestrator.cli.output import print_json, print_table, table_of
from orchestrator.cli.target import check_target
from orchestrator.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from orchestrator.curves.run_folder import RecordedSweep
    from orchestrator.records import Evaluation

Judged = list[dict[str, Any]]


class Judgement(NamedTuple):
    """Curves, what was decided on them, and by what, where that has to be said."""

    curves: "dict[str, list[Evaluation]]"
    judged: Judged
    note: str = ""


PLACES = ("stop", "best")  # each as …_step and, where images were counted, as …_kimg


@click.command()
@click.argument("curves", type=LOCATION)
@click.option(
    "--budget-kimg",
    type=click.FloatRange(min=0, min_open=True),
    help="What each run was meant to see; windows are scaled to it. A sweep's own is known.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path),
    metavar="FILE.html",
    help="Also draw each curve with the marks on it, on one page.",
)
@click.option("--force", is_flag=True, help="Let --plot replace the file if it exists.")
def judge(
    curves: Location, *, budget_kimg: float | None, as_json: bool, plot: Path | None, force: bool
) -> None:
    """Judge recorded metric curves.

    CURVES is a run folder or a file inside one, judged as its sweep did; or a CSV, JSONL or
    Parquet file, or a TensorBoard folder. Only step and fid are needed.
    """
    if plot is not None:
        _check_plot(plot, may_replace=force)
    budget_nimg = None if budget_kimg is None else round(1000 * budget_kimg)
    with local_path(curves, "tables") as path:
        judgement = _judge(path, budget_nimg)
    if plot is not None:
        _write_plot(plot, judgement, source=_name_of(curves))
    if judgement.note:
        click.echo(judgement.note, err=True)  # stdout holds what a program may read
    if as_json:
        print_json(judgement.judged)
    else:
        print_table(_table(judgement.judged))


def _name_of(curves: Location) -> str:
    return curves.resolve().name if isinstance(curves, Path) else curves.name


def _judge(path: Path, budget_nimg: int | None) -> Judgement:
    from orchestrator.curves.run_folder import recorded_sweep

    sweep = recorded_sweep(path)
    return (
        _judge_curves(path, budget_nimg)
        if sweep is None
        else _judge_sweep(sweep, path, budget_nimg)
    )


def _check_plot(plot: Path, *, may_replace: bool) -> None:
    check_target(plot, (".html",), may_replace=may_replace)
    if not plot.parent.is_dir():
        raise UsageError(f"{plot}: there is no folder {plot.parent}")


def _write_plot(plot: Path, judgement: Judgement, *, source: str) -> None:
    from orchestrator.report.judged.page import write_judged_page
    from orchestrator.report.judged.view import join_judged

    view = join_judged(judgement.judged, judgement.curves, source=source)
    with writing_to(plot):
        write_judged_page(plot, view, note=judgement.note)


def _judge_sweep(sweep: "RecordedSweep", path: Path, budget_nimg: int | None) -> Judgement:
    from gan_models.errors import DataError
    from orchestrator.decision.replay import judge_curves
    from orchestrator.decision.rules import SELF_COVERAGE, rules_for

    config = sweep.config
    budget_nimg = config.budget.nimg_per_trial if budget_nimg is None else budget_nimg
    try:
        reference_coverage, note = sweep.reference_coverage(), ""
    except DataError as error:
        reference_coverage = SELF_COVERAGE
        note = f"coverage of real samples taken as {SELF_COVERAGE:.2f}, not as the sweep: {error}"
    curves = sweep.read_curves(path)
    judged = judge_curves(
        curves,
        rules_for(budget_nimg // config.evaluation.every_nimg),
        budget_nimg=budget_nimg,
        reference_coverage=reference_coverage,
    )
    return Judgement(curves, judged, note)


def _judge_curves(path: Path, budget_nimg: int | None) -> Judgement:
    from orchestrator.curves import read_curves
    from orchestrator.decision.replay import judge_curves

    curves = read_curves(path)
    judged = judge_curves(curves, budget_nimg=budget_nimg)
    default = "judged by the default windows, for runs of about 60 evaluations"
    if budget_nimg is None:
        note = f"no budget is known: {default}; --budget-kimg scales them"
        return Judgement(curves, judged, note)
    if all(each[f"{name}_kimg"] is None for each in judged for name in PLACES):
        note = f"no images are counted (nimg), so the budget is not used: {default}"
        return Judgement(curves, judged, note)
    return Judgement(curves, judged)


def _table(judged: Judged) -> "Table":
    from orchestrator.wording import format_verdict

    places = ("stop at", "best at")
    table = table_of("run", "verdict", "action", *places, "reason", right=places)
    for each in judged:
        verdict, action = format_verdict(each["verdict"]), each["action"].replace("_", " ")
        stop, best = (_place(each[f"{name}_kimg"], each[f"{name}_step"]) for name in PLACES)
        table.add_row(each["run"], verdict, action, stop, best, each["reason"])
    return table


def _place(kimg: float | None, step: int | None) -> str:
    from orchestrator.wording import UNKNOWN, format_kimg

    if kimg is not None:
        return f"{format_kimg(kimg)} kimg"
    return UNKNOWN if step is None else f"step {step}"
