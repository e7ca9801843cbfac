"""``ganorch judge``: what would have been decided on recorded curves, when and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orchestrator.cli.output import print_json, print_table, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from orchestrator.curves.run_folder import RecordedSweep

Judged = list[dict[str, Any]]

PLACES = ("stop", "best")  # each as …_step and, where images were counted, as …_kimg


@click.command()
@click.argument("curves", type=click.Path(path_type=Path))
@click.option(
    "--budget-kimg",
    type=click.FloatRange(min=0, min_open=True),
    help="What each run was meant to see; windows are scaled to it. A sweep's own is known.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def judge(curves: Path, *, budget_kimg: float | None, as_json: bool) -> None:
    """Judge recorded metric curves.

    CURVES is a run folder or a file inside one, judged as its sweep did; or a CSV, JSONL or
    Parquet file, or a TensorBoard folder. Only step and fid are needed.
    """
    from orchestrator.curves.run_folder import recorded_sweep

    budget_nimg = None if budget_kimg is None else round(1000 * budget_kimg)
    sweep = recorded_sweep(curves)
    if sweep is None:
        judged, note = _judge_curves(curves, budget_nimg)
    else:
        judged, note = _judge_sweep(sweep, curves, budget_nimg)
    if note:
        click.echo(note, err=True)  # stdout holds what a program may read
    if as_json:
        print_json(judged)
    else:
        print_table(_table(judged))


def _judge_sweep(
    sweep: "RecordedSweep", curves: Path, budget_nimg: int | None
) -> tuple[Judged, str]:
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
    judged = judge_curves(
        sweep.read_curves(curves),
        rules_for(budget_nimg // config.evaluation.every_nimg),
        budget_nimg=budget_nimg,
        reference_coverage=reference_coverage,
    )
    return judged, note


def _judge_curves(curves: Path, budget_nimg: int | None) -> tuple[Judged, str]:
    from orchestrator.curves import read_curves
    from orchestrator.decision.replay import judge_curves

    judged = judge_curves(read_curves(curves), budget_nimg=budget_nimg)
    default = "judged by the default windows, for runs of about 60 evaluations"
    if budget_nimg is None:
        return judged, f"no budget is known: {default}; --budget-kimg scales them"
    if all(each[f"{name}_kimg"] is None for each in judged for name in PLACES):
        return judged, f"no images are counted (nimg), so the budget is not used: {default}"
    return judged, ""


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
