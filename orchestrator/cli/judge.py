"""``ganorch judge``: what would have been decided on recorded curves, when and why."""

from pathlib import Path

import click

from orchestrator.cli.output import print_json, print_table, table_of


@click.command()
@click.argument("curves", type=click.Path(path_type=Path))
@click.option(
    "--budget-kimg",
    type=click.FloatRange(min=0, min_open=True),
    help="What each run was meant to see; windows are scaled to it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def judge(curves: Path, *, budget_kimg: float | None, as_json: bool) -> None:
    """Judge recorded metric curves.

    CURVES is a CSV, JSONL or Parquet file, or a TensorBoard folder. Only step and fid are needed.
    """
    from orchestrator.curves import read_curves
    from orchestrator.decision.replay import judge_curves
    from orchestrator.wording import format_verdict

    budget_nimg = None if budget_kimg is None else round(1000 * budget_kimg)
    judged = judge_curves(read_curves(curves), budget_nimg=budget_nimg)
    if as_json:
        print_json(judged)
        return
    numbers = ("stop at step", "best step")
    table = table_of("run", "verdict", "action", *numbers, "reason", right=numbers)
    for each in judged:
        steps = (
            "—" if each[name] is None else str(each[name]) for name in ("stop_step", "best_step")
        )
        verdict, action = format_verdict(each["verdict"]), each["action"].replace("_", " ")
        table.add_row(each["run"], verdict, action, *steps, each["reason"])
    print_table(table)
