"""Verdicts and baselines on the bank: alarms, compute saved against regret, names at the end.

python -m benchmarks.decision.stopping [--bank FILE] [--tuning] [--from-number N]
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.decision.bank import BANK, LabelledRun, read_bank
from benchmarks.decision.baselines import (
    StopRule,
    coin_flip,
    generator_loss_patience,
    lag_test,
    never,
    patience,
)
from benchmarks.decision.scoring import (
    StopScore,
    confusion,
    f1_of,
    first_stop,
    macro_f1,
    score_alarms,
    score_stops,
)
from orchestrator.decision.curve import in_order
from orchestrator.decision.replay import replay
from orchestrator.decision.rules import rules_for
from orchestrator.records import Verdict

PATIENCES = (3, 5, 8, 10, 12, 15, 20, 25)
BASELINES: Mapping[str, StopRule] = {
    "full budget": never,
    "D right half of the time": coin_flip(),
    "patience 10 on G's loss": generator_loss_patience(10),
    "lag test, 10": lag_test(10),
    "lag test, 15": lag_test(15),
    "lag test, 20": lag_test(20),
    **{f"patience {k}": patience(k) for k in PATIENCES},
}
Verdicts = Mapping[str, Sequence[Verdict]]


def replay_run(run: LabelledRun) -> list[Verdict]:
    """Return the verdict at each row, as a sweep with this budget would have had it."""
    rows = in_order(run.evaluations)
    every_nimg = rows[1].nimg - rows[0].nimg if len(rows) > 1 else run.budget_nimg
    return replay(
        rows,
        rules_for(run.budget_nimg // every_nimg),
        budget_nimg=run.budget_nimg,
        reference_coverage=run.reference_coverage,
    )


def stops_of(rule: StopRule, runs: Sequence[LabelledRun]) -> dict[str, int | None]:
    """Return the row at which a rule stops each run."""
    return {run.run: rule(run.evaluations) for run in runs}


def patience_regret_at(used_frac: float, runs: Sequence[LabelledRun]) -> float:
    """Return the regret of the best patience that uses this much, between those that were run."""
    scores = [score_stops(runs, stops_of(patience(k), runs)) for k in PATIENCES]
    scores.append(score_stops(runs, stops_of(never, runs)))
    used, regrets = ([getattr(score, name) for score in scores] for name in ("used_frac", "regret"))
    return float(np.interp(used_frac, used, regrets))


def print_stops(name: str, score: StopScore) -> None:
    """Print one rule's line."""
    click.echo(
        f"  {name:26s} used {score.used_frac:6.1%}   regret {score.regret:.4f}"
        f" (p90 {score.regret_p90:.3f})   wrong {score.wrong_frac:5.1%}"
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
    ours = score_stops(runs, {name: first_stop(each) for name, each in verdicts.items()})
    print_stops("ours", ours)
    for name, rule in BASELINES.items():
        print_stops(name, score_stops(runs, stops_of(rule, runs)))
    rival = patience_regret_at(ours.used_frac, runs)
    less = 1 - ours.regret / rival
    click.echo(f"  patience at equal compute: regret {rival:.4f}; ours is {less:.0%} less")
    print_confusion(runs, verdicts)


if __name__ == "__main__":
    main()
