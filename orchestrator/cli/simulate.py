"""``ganorch simulate``: what a recorded cohort would have cost and delivered under a policy."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli.output import print_json, print_table, table_of

if TYPE_CHECKING:
    from rich.table import Table

    from orchestrator.simulation.simulate import Simulation


@click.command()
@click.argument("curves", type=click.Path(path_type=Path))
@click.option(
    "--policy", default="ours", show_default=True, help="Several may be given, by commas."
)
@click.option(
    "--concurrent",
    default=4,
    show_default=True,
    type=click.IntRange(min=1),
    help="How many runs train at once.",
)
@click.option(
    "--reduction",
    default=3,
    show_default=True,
    type=click.IntRange(min=2),
    help="One run in so many goes on from a rung.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def simulate(curves: Path, *, policy: str, concurrent: int, reduction: int, as_json: bool) -> None:
    """Play recorded curves again under a policy.

    CURVES is what `ganorch judge` reads; its runs are one cohort. Compute is hours where every
    row has them (column hours or seconds), else steps. Policies: full, ours, verdicts, asha,
    median, hyperband, patience.
    """
    from orchestrator.curves.read import read_curves
    from orchestrator.curves.run_folder import recorded_sweep
    from orchestrator.simulation.cohort import Cohort
    from orchestrator.simulation.policies import make_policy
    from orchestrator.simulation.simulate import simulate as play

    sweep = recorded_sweep(curves)
    cohort = Cohort.of(read_curves(curves) if sweep is None else sweep.read_curves(curves))
    names = [name.strip() for name in policy.split(",")]
    policies = {name: make_policy(name, cohort, reduction=reduction) for name in names}
    played = [play(cohort, name, each, concurrent=concurrent) for name, each in policies.items()]
    if as_json:
        mappings = [each.to_mapping() for each in played]
        print_json(mappings[0] if len(mappings) == 1 else mappings)
    else:
        print_table(_table(played))


def _table(played: "list[Simulation]") -> "Table":
    from orchestrator.wording import format_fid, format_number

    numbers = ("compute used", "of full", "FID", "best FID", "regret")
    table = table_of("policy", *numbers, "winner", right=numbers)
    for each in played:
        unit = each.cohort.unit
        best = each.cohort.true_best
        table.add_row(
            each.policy,
            f"{each.used:,.0f} {unit}",
            f"{each.compute_used_frac:.1%}",
            format_fid(each.delivered_fid),
            format_fid(best.best_fid),
            format_number(each.regret_frac, ".1%"),
            each.winner.name + (" (the best)" if each.winner is best else ""),
        )
    return table
