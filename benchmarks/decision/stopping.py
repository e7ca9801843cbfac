"""Verdicts and baselines on the bank: alarms, compute saved against regret, names at the end.

python -m benchmarks.decision.stopping [--bank FILE] [--tuning] [--from-number N]
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.decision.bank import BANK, LabelledRun, read_bank
from benchmarks.decision.baselines import (
    StopRule,
    coin_flip,
    generator_loss_patience,
    lag_test,
    never,
    patience,
)
from benchmarks.decision.comparison import FULL
from benchmarks.decision.front import compare
from benchmarks.decision.optuna_pruners import optuna_patience
from benchmarks.decision.scoring import (
    StopScore,
    confusion,
    f1_of,
    first_stop,
    macro_f1,
    score_alarms,
    score_stops,
)
from benchmarks.decision.stop_contenders import PATIENCES, STOPS, measure_stops, stop_point
from benchmarks.decision.verdicts import replay_run
from orchestrator.records import Verdict

BASELINES: Mapping[str, StopRule] = {
    "full budget": never,
    "D right half of the time": coin_flip(),
    "patience 10 on G's loss": generator_loss_patience(10),
    "lag test, 10": lag_test(10),
    "lag test, 15": lag_test(15),
    "lag test, 20": lag_test(20),
    **{f"patience {k}": patience(k) for k in PATIENCES},
    "Optuna patient 10": optuna_patience(10),
}
Verdicts = Mapping[str, Sequence[Verdict]]


def stops_of(rule: StopRule, runs: Sequence[LabelledRun]) -> dict[str, int | None]:
    """Return the row at which a rule stops each run."""
    return {run.run: rule(run.evaluations) for run in runs}


def print_stops(name: str, score: StopScore) -> None:
    """Print one rule's line."""
    click.echo(
        f"  {name:26s} used {score.used_frac:6.1%}   regret {score.regret:.4f}"
        f" (p90 {score.regret_p90:.3f})   wrong {score.wrong_frac:5.1%}"
    )


def print_patience_at_equal_compute(
    runs: Sequence[LabelledRun], stops: Mapping[str, int | None]
) -> None:
    """Print what the best patience that uses as much as our stops would have lost."""
    rival = measure_stops(runs, {name: STOPS[name] for name in (FULL, "patience")})
    ours = stop_point("", runs, stops)
    each = compare(ours, [ours], [point for points in rival.values() for point in points])
    click.echo(
        f"  patience at equal compute: regret {each.rival:.4f}; ours is {each.less_frac:.0%} less"
    )


def print_alarms(runs: Sequence[LabelledRun], verdicts: Verdicts) -> None:
    """Print how well failures are found."""
    score = score_alarms(runs, verdicts)
    click.echo(
        f"alarms: {score.num_alarms}, sensitivity {score.sensitivity:.3f}, "
        f"precision {score.precision:.3f}, viable runs stopped wrongly {score.wrong_frac:.1%}"
    )


def print_confusion(runs: Sequence[LabelledRun], verdicts: Verdicts) -> None:
    """Print what runs were called against what they are."""
    counts = confusion(runs, verdicts)
    kinds = sorted({kind for pair in counts for kind in pair})
    click.echo(
        f"the verdict that ends a run, or its last; macro-F1 {macro_f1(counts):.3f} (rows: truth)"
    )
    click.echo("  truth       " + "".join(f"{kind[:10]:>12s}" for kind in kinds) + "          F1")
    for label in kinds:
        cells = "".join(f"{counts.get((label, kind), 0):12d}" for kind in kinds)
        click.echo(f"  {label:12s}{cells}{f1_of(label, counts):12.2f}")
    collapsed = [run for run in runs if run.label.kind == "collapsed"]
    called = sum(
        any(v.kind == "converged" and v.action.is_stop for v in verdicts[run.run])
        for run in collapsed
    )
    click.echo(f"collapsed runs ever closed as converged: {called} of {len(collapsed)}")


@click.command()
@click.option("--bank", default=BANK, type=click.Path(path_type=Path, exists=True))
@click.option("--tuning", is_flag=True, help="The families that rules were tuned on.")
@click.option("--from-number", default=0, help="Only runs of this number in their scenario on.")
def main(bank: Path, tuning: bool, from_number: int) -> None:
    """Measure every rule on the families that the tuning never saw."""
    runs = [
        run
        for run in read_bank(bank)
        if run.for_testing is not tuning and run.number >= from_number
    ]
    verdicts = {run.run: replay_run(run) for run in runs}
    viable = sum(run.label.is_viable for run in runs)
    click.echo(f"{len(runs)} runs of {len({run.family for run in runs})} families, {viable} viable")
    print_alarms(runs, verdicts)
    click.echo("stopping (regret: of viable runs, in units of what there was to win)")
    stops = {name: first_stop(each) for name, each in verdicts.items()}
    print_stops("ours", score_stops(runs, stops))
    for name, rule in BASELINES.items():
        print_stops(name, score_stops(runs, stops_of(rule, runs)))
    print_patience_at_equal_compute(runs, stops)
    print_confusion(runs, verdicts)


if __name__ == "__main__":
    main()
