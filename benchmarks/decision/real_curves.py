"""Verdicts and cohort policies on recorded curves of others: hours saved, and what that lost.

python -m benchmarks.decision.real_curves CURVES.csv
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import click

from orchestrator.curves.read import read_curves
from orchestrator.decision.replay import judge_curves
from orchestrator.records import Evaluation
from orchestrator.simulation.cohort import Cohort, RecordedRun, best_fid
from orchestrator.simulation.policies import POLICIES, make_policy
from orchestrator.simulation.simulate import simulate

TELLING_LOSS = 0.05


def loss_of(run: RecordedRun, stop_step: int | None) -> float:
    """Return how far the best FID up to a stop lies above the run's best, as a share of that."""
    kept = [row for row in run.rows if stop_step is None or row.step <= stop_step]
    return best_fid(kept) / run.best_fid - 1


def spent_at(run: RecordedRun, stop_step: int | None) -> float:
    """Return the compute spent by a stop."""
    steps = [row.step for row in run.rows]
    return run.spent[-1] if stop_step is None else run.spent[steps.index(stop_step)]


def print_stops(cohort: Cohort, curves: Mapping[str, Sequence[Evaluation]]) -> None:
    """Print what each run's own verdict would have saved and lost."""
    judged = {each["run"]: each for each in judge_curves(curves)}
    losses, used = [], 0.0
    for run in cohort.runs:
        stop = judged[run.name]["stop_step"]
        losses.append(loss_of(run, stop))
        used += spent_at(run, stop)
        share = spent_at(run, stop) / run.spent[-1]
        verdict = judged[run.name]["verdict"]
        click.echo(f"  {run.name[:44]:44s} {verdict:12s} used {share:4.0%} lost {losses[-1]:5.1%}")
    many = sum(loss > TELLING_LOSS for loss in losses)
    click.echo(
        f"verdicts alone: {1 - used / cohort.full:.1%} of {cohort.full:,.0f} {cohort.unit} saved, "
        f"mean loss {fmean(losses):.2%}, {many} of {len(losses)} runs lose more than "
        f"{TELLING_LOSS:.0%}"
    )


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True))
@click.option("--concurrent", default=4, show_default=True)
def main(file: Path, concurrent: int) -> None:
    """Judge every curve by itself, then play them as one cohort under every policy."""
    curves = read_curves(file)
    cohort = Cohort.of(curves)
    print_stops(cohort, curves)
    for name in POLICIES:
        policy = make_policy(name, cohort, reduction=3)
        played = simulate(cohort, name, policy, concurrent=concurrent)
        kept = "keeps the best" if played.winner is cohort.true_best else f"{played.winner.name}"
        click.echo(
            f"  {name:10s} used {played.compute_used_frac:6.1%}   regret {played.regret_frac:6.1%}"
            f"   {kept}"
        )


if __name__ == "__main__":
    main()
